package main

import (
	"strings"
	"torii"
)

//go:wasmexport transform_request
func transformRequest() int32 { return torii.Run(transform) }

// transform tells the target where a request comes from, and takes its cookies away.
func transform(input torii.RequestTransformerInput) (torii.RequestTransformerOutput, error) {
	headers := map[string]string{
		"x-forwarded-for": input.Request.Remote,
		"x-route":         input.Route.Name,
	}
	for name, value := range input.TargetRequest.Headers {
		if !strings.EqualFold(name, "cookie") {
			headers[name] = value
		}
	}
	return torii.RequestTransformerOutput{Headers: headers}, nil
}
