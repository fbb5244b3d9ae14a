// Package kernel imports the functions of the Extism kernel, and moves bytes between its memory and ours.
package kernel

import "encoding/binary"

// Pointer is the place of a block in the kernel's memory; 0 for none.
type Pointer uint64

//go:wasmimport extism:host/env alloc
func Alloc(length uint64) Pointer

//go:wasmimport extism:host/env free
func Free(block Pointer)

//go:wasmimport extism:host/env length
func Length(block Pointer) uint64

//go:wasmimport extism:host/env load_u8
func loadByte(place Pointer) uint32

//go:wasmimport extism:host/env load_u64
func loadWord(place Pointer) uint64

//go:wasmimport extism:host/env store_u8
func storeByte(place Pointer, value uint32)

//go:wasmimport extism:host/env store_u64
func storeWord(place Pointer, value uint64)

//go:wasmimport extism:host/env input_length
func InputLength() uint64

//go:wasmimport extism:host/env input_load_u8
func inputByte(offset uint64) uint32

//go:wasmimport extism:host/env input_load_u64
func inputWord(offset uint64) uint64

//go:wasmimport extism:host/env output_set
func OutputSet(block Pointer, length uint64)

//go:wasmimport extism:host/env error_set
func ErrorSet(block Pointer)

//go:wasmimport extism:host/env config_get
func ConfigGet(key Pointer) Pointer

//go:wasmimport extism:host/env var_get
func VarGet(key Pointer) Pointer

//go:wasmimport extism:host/env var_set
func VarSet(key, value Pointer)

//go:wasmimport extism:host/env http_request
func HTTPRequest(meta, body Pointer) Pointer

//go:wasmimport extism:host/env http_status_code
func HTTPStatusCode() int32

//go:wasmimport extism:host/env http_headers
func HTTPHeaders() Pointer

//go:wasmimport extism:host/env log_trace
func LogTrace(block Pointer)

//go:wasmimport extism:host/env log_debug
func LogDebug(block Pointer)

//go:wasmimport extism:host/env log_info
func LogInfo(block Pointer)

//go:wasmimport extism:host/env log_warn
func LogWarn(block Pointer)

//go:wasmimport extism:host/env log_error
func LogError(block Pointer)

const wordSize = 8

// Load fills a buffer from the kernel's memory.
func Load(from Pointer, into []byte) {
	at := 0
	for ; at+wordSize <= len(into); at += wordSize {
		binary.LittleEndian.PutUint64(into[at:], loadWord(from+Pointer(at)))
	}
	for ; at < len(into); at++ {
		into[at] = byte(loadByte(from + Pointer(at)))
	}
}

// Store copies bytes into the kernel's memory.
func Store(to Pointer, bytes []byte) {
	at := 0
	for ; at+wordSize <= len(bytes); at += wordSize {
		storeWord(to+Pointer(at), binary.LittleEndian.Uint64(bytes[at:]))
	}
	for ; at < len(bytes); at++ {
		storeByte(to+Pointer(at), uint32(bytes[at]))
	}
}

// Input is what the call was given.
func Input() []byte {
	input := make([]byte, InputLength())
	at := 0
	for ; at+wordSize <= len(input); at += wordSize {
		binary.LittleEndian.PutUint64(input[at:], inputWord(uint64(at)))
	}
	for ; at < len(input); at++ {
		input[at] = byte(inputByte(uint64(at)))
	}
	return input
}
