package torii

import "strings"

// Cookie of a request or an answer.
type Cookie struct {
	Name     string  `json:"name"`
	Value    string  `json:"value"`
	Path     *string `json:"path,omitempty"`
	Domain   *string `json:"domain,omitempty"`
	MaxAge   *int    `json:"maxAge,omitempty"`
	Secure   bool    `json:"secure,omitempty"`
	HTTPOnly bool    `json:"httpOnly,omitempty"`
}

// Request as it reached the gateway, or as it goes to the target.
type Request struct {
	Method  string              `json:"method"`
	Path    string              `json:"path"`
	Headers map[string]string   `json:"headers"`
	Query   map[string][]string `json:"query"`
	Cookies []Cookie            `json:"cookies"`
	// PathParams are the named segments of the route's path.
	PathParams map[string]string `json:"path_params"`
	Version    string            `json:"version"`
	// URL of the target; empty in requests as they reached the gateway.
	URL string `json:"url,omitempty"`
	// Remote is the caller's address; empty in requests as they go to the target.
	Remote  string `json:"remote,omitempty"`
	URI     string `json:"uri,omitempty"`
	TLS     bool   `json:"tls,omitempty"`
	HasBody bool   `json:"has_body,omitempty"`
}

// QueryParam is the first value of a parameter; empty when it is not there.
func (r Request) QueryParam(name string) string {
	if values := r.Query[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Header is a header by its name, however it is written; empty when it is not there.
func (r Request) Header(name string) string { return header(r.Headers, name) }

// Response of the target.
type Response struct {
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers"`
	Cookies []Cookie          `json:"cookies"`
}

// Header is a header by its name, however it is written; empty when it is not there.
func (r Response) Header(name string) string { return header(r.Headers, name) }

func header(headers map[string]string, name string) string {
	if value, isThere := headers[name]; isThere {
		return value
	}
	for known, value := range headers {
		if strings.EqualFold(known, name) {
			return value
		}
	}
	return ""
}

// Route that a plugin is on.
type Route struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Context is what plugins of all kinds are told.
type Context struct {
	// Snowflake names the request.
	Snowflake string            `json:"snowflake"`
	Config    map[string]string `json:"config"`
	Attrs     map[string]any    `json:"attrs"`
	Route     Route             `json:"route"`
}
