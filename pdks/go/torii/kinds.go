package torii

// Attributes that an output changes: Clear first, then Del, then Set.
type Attributes struct {
	Clear bool           `json:"clear,omitempty"`
	Del   []string       `json:"del,omitempty"`
	Set   map[string]any `json:"set,omitempty"`
}

// Body of an output; of several forms the first that is given counts.
type Body struct {
	BodyText  string `json:"body_str,omitempty"`
	BodyJSON  any    `json:"body_json,omitempty"`
	BodyBytes []byte `json:"body_base64,omitempty"`
}

// BackendInput is what a function that answers requests itself is called with.
type BackendInput struct {
	Context
	Request    Request `json:"request"`
	RawRequest Request `json:"raw_request"`
	Body       []byte  `json:"request_body_base64"`
}

// BackendOutput is what it answers; status 200 unless given.
type BackendOutput struct {
	Body
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Cookies []Cookie          `json:"cookies,omitzero"`
	// DelegatesCall leaves the answer to the route's own target.
	DelegatesCall bool        `json:"delegates_call,omitempty"`
	Attrs         *Attributes `json:"attrs,omitempty"`
}

// AccessValidatorInput is what a plugin that lets requests through, or does not, is called with.
type AccessValidatorInput struct {
	Context
	Request Request `json:"request"`
}

// AccessValidatorOutput is what it answers.
type AccessValidatorOutput struct {
	Result bool         `json:"result"`
	Error  *AccessError `json:"error,omitempty"`
	Attrs  *Attributes  `json:"attrs,omitempty"`
}

// AccessError is answered in place of a request that may not pass; status 403 unless given.
type AccessError struct {
	Message string `json:"message"`
	Status  int    `json:"status,omitempty"`
}

// RequestTransformerInput is what a plugin that changes requests on their way to the target is called with.
type RequestTransformerInput struct {
	Context
	// Request as it reached the gateway.
	Request Request `json:"request"`
	// TargetRequest as it goes on, which is what can be changed.
	TargetRequest Request `json:"otoroshi_request"`
	Body          []byte  `json:"request_body_base64"`
}

// RequestTransformerOutput is what it changes: what is left out stays; headers are replaced as a whole. With Error, it is
// the answer, and the request goes no further; its status is 500 unless given.
type RequestTransformerOutput struct {
	Body
	Method  string            `json:"method,omitempty"`
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Cookies []Cookie          `json:"cookies,omitzero"`
	Error   bool              `json:"error,omitempty"`
	Status  int               `json:"status,omitempty"`
	Attrs   *Attributes       `json:"attrs,omitempty"`
}

// ResponseTransformerInput is what a plugin that changes responses on their way back is called with.
type ResponseTransformerInput struct {
	Context
	Request  Request  `json:"request"`
	Response Response `json:"otoroshi_response"`
	Body     []byte   `json:"response_body_base64"`
}

// ResponseTransformerOutput is what it changes: what is left out stays; headers are replaced as a whole.
type ResponseTransformerOutput struct {
	Body
	Status  int               `json:"status,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Cookies []Cookie          `json:"cookies,omitzero"`
	Error   bool              `json:"error,omitempty"`
	Attrs   *Attributes       `json:"attrs,omitempty"`
}
