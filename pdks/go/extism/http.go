package pdk

import (
	"encoding/json"

	"github.com/extism/go-pdk/internal/kernel"
)

// HTTPMethod is the method of a request.
type HTTPMethod int32

// The methods of RFC 9110 and RFC 5789.
const (
	MethodGet HTTPMethod = iota
	MethodHead
	MethodPost
	MethodPut
	MethodPatch
	MethodDelete
	MethodConnect
	MethodOptions
	MethodTrace
)

var methodNames = [...]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"}

func (m HTTPMethod) String() string {
	if m < 0 || int(m) >= len(methodNames) {
		return ""
	}
	return methodNames[m]
}

// HTTPRequestMeta is a request without its body, as the host takes it.
type HTTPRequestMeta struct {
	URL     string            `json:"url"`
	Method  string            `json:"method"`
	Headers map[string]string `json:"headers"`
}

// HTTPRequest is a request that the host sends.
type HTTPRequest struct {
	meta HTTPRequestMeta
	body []byte
}

// NewHTTPRequest begins a request without headers or body.
func NewHTTPRequest(method HTTPMethod, url string) *HTTPRequest {
	return &HTTPRequest{meta: HTTPRequestMeta{URL: url, Method: method.String(), Headers: map[string]string{}}}
}

// SetHeader sets a header.
func (r *HTTPRequest) SetHeader(key string, value string) *HTTPRequest {
	if r.meta.Headers == nil {
		r.meta.Headers = map[string]string{}
	}
	r.meta.Headers[key] = value
	return r
}

// SetBody sets the body.
func (r *HTTPRequest) SetBody(body []byte) *HTTPRequest {
	r.body = body
	return r
}

// Send waits for the whole response; its status is 0 when there is none.
func (r *HTTPRequest) Send() HTTPResponse {
	encoded, _ := json.Marshal(r.meta)
	return SendRaw(encoded, r.body)
}

// SendRaw sends a request whose HTTPRequestMeta is encoded already.
func SendRaw(encodedMeta []byte, body []byte) HTTPResponse {
	meta := AllocateBytes(encodedMeta)
	defer meta.Free()
	var content kernel.Pointer
	if len(body) > 0 {
		memory := AllocateBytes(body)
		defer memory.Free()
		content = memory.offset
	}
	block := kernel.HTTPRequest(meta.offset, content)
	response := HTTPResponse{
		memory:  FindMemory(uint64(block)),
		status:  uint16(kernel.HTTPStatusCode()),
		headers: map[string]string{},
	}
	if block := kernel.HTTPHeaders(); block != 0 {
		memory := FindMemory(uint64(block))
		defer memory.Free()
		_ = json.Unmarshal(memory.ReadBytes(), &response.headers)
	}
	return response
}

// HTTPResponse is what came back.
type HTTPResponse struct {
	memory  Memory
	status  uint16
	headers map[string]string
}

// Memory is the block of the body.
func (r HTTPResponse) Memory() Memory { return r.memory }

// Body is nil when there is none.
func (r HTTPResponse) Body() []byte {
	if r.memory.length == 0 {
		return nil
	}
	return r.memory.ReadBytes()
}

// Status is 0 when there was no response.
func (r HTTPResponse) Status() uint16 { return r.status }

// Headers have names in lower case.
func (r *HTTPResponse) Headers() map[string]string { return r.headers }
