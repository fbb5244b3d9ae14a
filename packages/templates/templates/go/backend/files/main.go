package main

import (
	"strings"
	"torii"
)

//go:wasmexport call_backend
func callBackend() int32 { return torii.Run(answer) }

// answer tells a caller what it sent.
func answer(input torii.BackendInput) (torii.BackendOutput, error) {
	request := input.Request
	switch request.Method {
	case "GET":
		name := request.QueryParam("name")
		if name == "" {
			name = "world"
		}
		return reply(200, map[string]string{"greeting": "Hello, " + name + "!", "path": request.Path}), nil
	case "POST":
		return reply(201, map[string]any{"received": string(input.Body), "length": len(input.Body)}), nil
	default:
		return reply(405, map[string]string{"error": "only " + strings.Join([]string{"GET", "POST"}, " and ")}), nil
	}
}

func reply(status int, body any) torii.BackendOutput {
	return torii.BackendOutput{
		Status:  status,
		Headers: map[string]string{"content-type": "application/json"},
		Body:    torii.Body{BodyJSON: body},
	}
}
