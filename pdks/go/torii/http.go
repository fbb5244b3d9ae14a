package torii

import (
	"encoding/json"
	"time"

	"torii/internal/host"
)

//go:wasmimport extism:host/user proxy_http_call
func hostCall(offset, length uint64) uint64

// HTTPRequest goes where the plugin's allowedHosts say.
type HTTPRequest struct {
	URL string
	// Method is GET when it is empty.
	Method  string
	Headers map[string]string
	// Query is added to that of the URL.
	Query map[string]string
	Body  []byte
	// Timeout can only shorten what the node and the call's deadline allow.
	Timeout         time.Duration
	FollowRedirects bool
}

// HTTPResponse is a whole answer. Names of headers are in lower case.
type HTTPResponse struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    []byte            `json:"body_base64"`
}

// Error is why a host function could not do what it was asked. Its codes are those of docs/host-functions.md.
type Error = host.Error

// Send waits for the whole answer. The error is an *Error when there is none.
func (r HTTPRequest) Send() (*HTTPResponse, error) {
	method := r.Method
	if method == "" {
		method = "GET"
	}
	asked := map[string]any{"url": r.URL, "method": method, "follow_redirects": r.FollowRedirects}
	if r.Headers != nil {
		asked["headers"] = r.Headers
	}
	if r.Query != nil {
		asked["query"] = r.Query
	}
	if r.Body != nil {
		asked["body_base64"] = r.Body
	}
	if r.Timeout > 0 {
		asked["request_timeout"] = r.Timeout.Milliseconds()
	}
	encoded, _ := host.Bytes(host.WithJSON(hostCall, asked))
	answer := struct {
		HTTPResponse
		Error *Error `json:"error"`
	}{}
	if err := json.Unmarshal(encoded, &answer); err != nil {
		return nil, err
	}
	if answer.Error != nil {
		return nil, answer.Error
	}
	return &answer.HTTPResponse, nil
}
