package main

import (
	"strings"
	"torii"
)

//go:wasmexport transform_request
func transformRequest() int32 { return torii.Run(transform) }

// transform tells the target where a request comes from, and takes its cookies away.
func transform(input torii.RequestTransformerInput) (torii.RequestTransformerOutput, error) {
	headers := map[string]string{}
	for name, value := range input.TargetRequest.Headers {
		headers[strings.ToLower(name)] = value
	}
	delete(headers, "cookie")
	headers["x-forwarded-for"] = input.Request.Remote
	headers["x-route"] = input.Route.Name
	return torii.RequestTransformerOutput{Headers: headers, Cookies: []torii.Cookie{}}, nil
}
