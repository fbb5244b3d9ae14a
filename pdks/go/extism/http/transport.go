// Package http lets a http.Client of the standard library send its requests through the host.
package http

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	pdk "github.com/extism/go-pdk"
)

// HTTPTransport is a http.RoundTripper.
type HTTPTransport struct{}

// RoundTrip sends one request; headers with several values are joined by commas.
func (t *HTTPTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	headers := map[string]string{}
	for name, values := range req.Header {
		headers[name] = strings.Join(values, ",")
	}
	meta, err := json.Marshal(pdk.HTTPRequestMeta{URL: req.URL.String(), Method: req.Method, Headers: headers})
	if err != nil {
		return nil, fmt.Errorf("the request cannot be encoded: %w", err)
	}
	var body []byte
	if req.Body != nil {
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, fmt.Errorf("the body cannot be read: %w", err)
		}
	}
	answer := pdk.SendRaw(meta, body)
	received := answer.Body()
	response := &http.Response{
		Status:        http.StatusText(int(answer.Status())),
		StatusCode:    int(answer.Status()),
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        http.Header{},
		Body:          io.NopCloser(bytes.NewReader(received)),
		ContentLength: int64(len(received)),
		Request:       req,
	}
	for name, value := range answer.Headers() {
		response.Header.Add(name, value)
	}
	return response, nil
}
