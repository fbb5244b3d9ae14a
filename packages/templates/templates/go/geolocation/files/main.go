package main

import (
	"encoding/json"
	"torii"
	"torii/pluginmap"
)

const service = "https://api-adresse.data.gouv.fr/search/"

//go:wasmexport GetCompleteAddress
func GetCompleteAddress() int32 { return torii.Run(search) }

// search looks a French address up, and remembers what it found: for the same question the service is asked once.
func search(input torii.BackendInput) (torii.BackendOutput, error) {
	question := input.Request.QueryParam("q")
	if question == "" {
		return failed("missing query param q"), nil
	}
	if known, isThere, err := pluginmap.Get(question); err != nil {
		return torii.BackendOutput{}, err
	} else if isThere {
		return found(known), nil
	}
	response, err := torii.HTTPRequest{URL: service, Query: map[string]string{"q": question}}.Send()
	if err != nil || response.Status != 200 {
		return failed("failed fetching address with given input"), nil
	}
	if err := pluginmap.Set(question, response.Body); err != nil {
		return torii.BackendOutput{}, err
	}
	return found(response.Body), nil
}

func found(address []byte) torii.BackendOutput {
	return torii.BackendOutput{Body: torii.Body{BodyJSON: json.RawMessage(address)}}
}

func failed(why string) torii.BackendOutput {
	return torii.BackendOutput{Status: 400, Body: torii.Body{BodyJSON: map[string]string{"error": why}}}
}
