// One plugin of each kind, written with Extism's public PDK and nothing else, by what Otoroshi's manual says of inputs and
// outputs. Every function has the name that Otoroshi calls by default.
package main

import (
	"fmt"
	"strings"

	"github.com/extism/go-pdk"
)

type object = map[string]any

// What of the inputs is read here; each kind has a part of it.
type input struct {
	Request         request  `json:"request"`
	RawRequest      request  `json:"raw_request"`
	OtoroshiRequest request  `json:"otoroshi_request"`
	Response        response `json:"otoroshi_response"`
	// Otoroshi's bytes are signed.
	RequestBody []int8 `json:"request_body_bytes"`
	Body        []int8 `json:"body_bytes"`
	Status      int    `json:"status"`
	// Of a WebSocket an object, of a sink a text.
	Message any `json:"message"`
}

type request struct {
	Path    string              `json:"path"`
	Headers map[string]string   `json:"headers"`
	Query   map[string][]string `json:"query"`
	Cookies []struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	} `json:"cookies"`
}

type response struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
}

func main() {}

// The route is for requests with the header `foo: bar` alone.
//
//go:wasmexport matches_route
func matchesRoute() int32 {
	return answer(func(in input) object {
		foo, _ := header(in.Request, "foo")
		return object{"result": foo == "bar"}
	})
}

// Sends who has no session to the login page, and tells later plugins whose session it is.
//
//go:wasmexport pre_route
func preRoute() int32 {
	return answer(func(in input) object {
		for _, cookie := range in.Request.Cookies {
			if cookie.Name == "session" {
				return object{"error": false, "attrs": object{"set": object{"session": cookie.Value}}}
			}
		}
		headers := object{"Location": "/login", "Content-Type": "text/plain"}
		return object{"error": true, "status": 302, "headers": headers, "body": "please log in"}
	})
}

// Lets requests pass that have the header `foo: bar`.
//
//go:wasmexport access
func access() int32 { return answer(verdict) }

// The name that Otoroshi's manual has for `access`.
//
//go:wasmexport can_access
func canAccess() int32 { return answer(verdict) }

func verdict(in input) object {
	foo, ok := header(in.Request, "foo")
	if foo == "bar" {
		return object{"result": true}
	}
	if ok {
		return object{"result": false}
	}
	return object{"result": false, "error": object{"message": "you're not authorized", "status": 401}}
}

// Adds the header `foo: bar` and greets in the body; refuses requests with the header `x-blocked`.
//
//go:wasmexport transform_request
func transformRequest() int32 {
	return answer(func(in input) object {
		if _, isBlocked := header(in.OtoroshiRequest, "x-blocked"); isBlocked {
			headers := object{"Retry-After": "30"}
			return object{"error": true, "status": 429, "headers": headers, "body_json": object{"message": "blocked"}}
		}
		output := object{"headers": with(in.OtoroshiRequest.Headers, "foo", "bar")}
		if in.RequestBody != nil {
			sent := make([]byte, len(in.RequestBody))
			for index, signed := range in.RequestBody {
				sent[index] = byte(signed)
			}
			output["body_str"] = "hello " + string(sent)
		}
		return output
	})
}

// Answers with a page that greets `?name=`, or leaves the request to the real backend.
//
//go:wasmexport call_backend
func callBackend() int32 {
	return answer(func(in input) object {
		if _, isDelegated := header(in.Request, "x-delegate"); isDelegated {
			return object{"delegates_call": true}
		}
		// Values of a query are always lists.
		names := in.RawRequest.Query["name"]
		if len(names) == 0 {
			return object{"status": 400, "body_json": object{"error": "who are you?"}}
		}
		return object{"status": 201, "headers": object{"Content-Type": "text/html"}, "body": "<h1>hello " + names[0] + "</h1>"}
	})
}

// Adds the header `foo: bar`, and says nothing of the status and the body.
//
//go:wasmexport transform_response
func transformResponse() int32 {
	return answer(func(in input) object {
		if in.Response.Status == 503 {
			return object{"error": true, "status": 502, "body": "back in a minute"}
		}
		return object{"headers": with(in.Response.Headers, "foo", "bar")}
	})
}

// Whether it answers what no route takes: whatever is below `/parked`.
//
//go:wasmexport sink_matches
func sinkMatches() int32 {
	return answer(func(in input) object { return object{"result": strings.HasPrefix(in.Request.Path, "/parked")} })
}

//go:wasmexport sink_handle
func sinkHandle() int32 {
	return answer(func(in input) object {
		body := fmt.Sprintf("parked instead of %d, %d bytes", in.Status, len(in.Body))
		return object{"status": 200, "headers": object{"Content-Type": "text/plain"}, "body": body}
	})
}

// Chooses the route that the header `x-route` names, and decides nothing without it.
//
//go:wasmexport find_route
func findRoute() int32 {
	return answer(func(in input) object {
		name, ok := header(in.Request, "x-route")
		if !ok {
			return object{}
		}
		first, tenant, _ := strings.Cut(strings.TrimPrefix(in.Request.Path, "/"), "/")
		params := object{"tenant": tenant}
		return object{"route": object{"name": name}, "path": "/" + first, "path_params": params, "no_more_segments": false}
	})
}

// Writes what clients say in capitals, and drops what is forbidden.
//
//go:wasmexport on_request_message
func onRequestMessage() int32 {
	return answer(func(in input) object {
		text, isText := textOf(in.Message)
		if !isText {
			return object{"error": false, "message": in.Message}
		}
		if strings.Contains(text, "forbidden") {
			return object{"error": true, "statusCode": 500, "reason": "not this word"}
		}
		return object{"error": false, "message": textMessage(strings.ToUpper(text))}
	})
}

// Quotes what the backend says.
//
//go:wasmexport on_response_message
func onResponseMessage() int32 {
	return answer(func(in input) object {
		text, isText := textOf(in.Message)
		if !isText {
			return object{"error": false, "message": in.Message}
		}
		return object{"error": false, "message": textMessage("> " + text)}
	})
}

// The payload of a message of kind text; that of a binary one is a list of bytes.
func textOf(message any) (string, bool) {
	fields, _ := message.(object)
	text, isText := fields["payload"].(string)
	return text, isText
}

func textMessage(text string) object {
	return object{"kind": "text", "payload": text}
}

func answer(of func(input) object) int32 {
	var in input
	if err := pdk.InputJSON(&in); err != nil {
		pdk.SetError(err)
		return 1
	}
	if err := pdk.OutputJSON(of(in)); err != nil {
		pdk.SetError(err)
		return 1
	}
	return 0
}

// Whatever case its name is in.
func header(in request, name string) (string, bool) {
	for known, value := range in.Headers {
		if strings.EqualFold(known, name) {
			return value, true
		}
	}
	return "", false
}

// The headers and one more: a plugin's `headers` replace all that there were.
func with(headers map[string]string, name string, value string) object {
	all := object{name: value}
	for known, value := range headers {
		all[known] = value
	}
	return all
}
