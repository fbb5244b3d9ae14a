package torii

import (
	"encoding/json"

	"torii/internal/host"
)

//go:wasmimport extism:host/user proxy_get_attr
func hostGetAttribute(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_set_attr
func hostSetAttribute(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_del_attr
func hostRemoveAttribute(offset, length uint64) uint64

// Attribute reads what a plugin of the same request has said; false when there is nothing of that name.
func Attribute(key string, into any) (bool, error) {
	encoded, isThere := host.Bytes(host.WithText(hostGetAttribute, key))
	if !isThere {
		return false, nil
	}
	return true, json.Unmarshal(encoded, into)
}

// SetAttribute tells the other plugins of the request something; any JSON, which ends with the request.
func SetAttribute(key string, value any) error {
	encoded, err := json.Marshal(map[string]any{"key": key, "value": value})
	if err != nil {
		return err
	}
	if host.WithText(hostSetAttribute, string(encoded)) == 1 {
		return nil
	}
	return host.LastError()
}

// RemoveAttribute reports whether it was there.
func RemoveAttribute(key string) bool { return host.WithText(hostRemoveAttribute, key) == 1 }
