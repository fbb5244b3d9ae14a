package main

import "torii"

//go:wasmexport access
func access() int32 { return torii.Run(validate) }

// validate lets those through that send the token of the plugin's config in a header.
func validate(input torii.AccessValidatorInput) (torii.AccessValidatorOutput, error) {
	expected, isThere := input.Config["token"]
	if !isThere {
		expected = "bar"
	}
	if input.Request.Header("x-token") == expected {
		return torii.AccessValidatorOutput{Result: true}, nil
	}
	return torii.AccessValidatorOutput{Error: &torii.AccessError{Message: "you are not authorized", Status: 401}}, nil
}
