package main

import (
	"encoding/json"
	"maps"
	"strings"
	"torii"
)

//go:wasmexport transform_response
func transformResponse() int32 { return torii.Run(transform) }

// transform adds a field to answers in JSON, and a header to all.
func transform(input torii.ResponseTransformerInput) (torii.ResponseTransformerOutput, error) {
	headers := maps.Clone(input.Response.Headers)
	headers["x-transformed-by"] = "torii"
	output := torii.ResponseTransformerOutput{Status: input.Response.Status, Headers: headers}
	if !strings.HasPrefix(input.Response.Header("content-type"), "application/json") {
		return output, nil
	}
	var fields map[string]any
	if err := json.Unmarshal(input.Body, &fields); err != nil {
		return output, err
	}
	fields["transformed"] = true
	output.BodyJSON = fields
	return output, nil
}
