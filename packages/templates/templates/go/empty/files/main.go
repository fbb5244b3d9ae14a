package main

import "torii"

//go:wasmexport execute
func execute() int32 { return torii.Run(answer) }

// answer greets whom the query names.
func answer(input torii.BackendInput) (torii.BackendOutput, error) {
	name := input.Request.QueryParam("name")
	if name == "" {
		name = "world"
	}
	return torii.BackendOutput{Body: torii.Body{BodyText: "Hello, " + name + "!"}}, nil
}
