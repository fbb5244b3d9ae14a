// Package torii is what Torii adds to Extism's go-pdk: the inputs and outputs of plugins of each kind, outbound calls with a
// time limit, attributes, and, in packages of their own, the stores.
package torii

import pdk "github.com/extism/go-pdk"

// Run reads the input, calls a function, and gives what it answers. Its result is what an exported function returns: 0, or 1
// when the input is not what the function takes, or the function answered an error, which then is the error of the call.
//
//	//go:wasmexport execute
//	func execute() int32 { return torii.Run(answer) }
//
//	func answer(input torii.BackendInput) (torii.BackendOutput, error) { ... }
func Run[Input, Output any](answer func(Input) (Output, error)) int32 {
	var input Input
	if err := pdk.InputJSON(&input); err != nil {
		return fail(err)
	}
	output, err := answer(input)
	if err != nil {
		return fail(err)
	}
	if err := pdk.OutputJSON(output); err != nil {
		return fail(err)
	}
	return 0
}

func fail(err error) int32 {
	pdk.SetError(err)
	return 1
}
