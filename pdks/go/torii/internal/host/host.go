// Package host calls host functions, which take and answer blocks of memory.
package host

import (
	"encoding/json"

	pdk "github.com/extism/go-pdk"
)

// Call is the shape of nearly all host functions: a block by its place and length, to a block's place or a number.
type Call = func(offset, length uint64) uint64

// WithText calls with a text.
func WithText(call Call, text string) uint64 {
	block := pdk.AllocateString(text)
	defer block.Free()
	return call(block.Offset(), block.Length())
}

// WithJSON calls with a value as JSON. Values that cannot be encoded are a fault of ours, and panic.
func WithJSON(call Call, value any) uint64 {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return WithText(call, string(encoded))
}

// Bytes is the block that a host function answered; false for none.
func Bytes(offset uint64) ([]byte, bool) {
	if offset == 0 {
		return nil, false
	}
	block := pdk.FindMemory(offset)
	return block.ReadBytes(), true
}

//go:wasmimport extism:host/user proxy_last_error
func lastError(ignored uint64) uint64

// Error is why a host function could not do what it was asked. Its codes are those of docs/host-functions.md.
type Error struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (e *Error) Error() string { return e.Code + ": " + e.Detail }

// LastError is the error of the host function that was called last; nil when it had none.
func LastError() error {
	answered, isThere := Bytes(lastError(0))
	if !isThere {
		return nil
	}
	failure := &Error{}
	if err := json.Unmarshal(answered, failure); err != nil {
		return err
	}
	return failure
}
