package pdk

import (
	"encoding/binary"
	"encoding/json"

	"github.com/extism/go-pdk/internal/kernel"
)

// Memory is a block that host and plugin share. It lasts until the call is over.
type Memory struct {
	offset kernel.Pointer
	length uint64
}

// NewMemory describes a block that is there already.
func NewMemory(offset uint64, length uint64) Memory {
	return Memory{offset: kernel.Pointer(offset), length: length}
}

// Load copies the block into a buffer that is no longer than it.
func (m *Memory) Load(buffer []byte) { kernel.Load(m.offset, buffer) }

// Store copies bytes into the block, which must have room for them.
func (m *Memory) Store(data []byte) { kernel.Store(m.offset, data) }

// Free gives the block back.
func (m *Memory) Free() { kernel.Free(m.offset) }

// Length is the block's size in bytes.
func (m *Memory) Length() uint64 { return m.length }

// Offset is what host functions take and answer.
func (m *Memory) Offset() uint64 { return uint64(m.offset) }

// ReadBytes copies the whole block.
func (m *Memory) ReadBytes() []byte {
	buffer := make([]byte, m.length)
	m.Load(buffer)
	return buffer
}

// Allocate makes a block.
func Allocate(length int) Memory {
	return Memory{offset: kernel.Alloc(uint64(length)), length: uint64(length)}
}

// AllocateBytes makes a block of some bytes.
func AllocateBytes(data []byte) Memory {
	memory := Allocate(len(data))
	memory.Store(data)
	return memory
}

// AllocateString makes a block of a text.
func AllocateString(data string) Memory { return AllocateBytes([]byte(data)) }

// AllocateJSON makes a block of a value as JSON.
func AllocateJSON(v any) (Memory, error) {
	encoded, err := json.Marshal(v)
	if err != nil {
		return Memory{}, err
	}
	return AllocateBytes(encoded), nil
}

// FindMemory finds the block at an offset that a host function answered; an empty one for 0.
func FindMemory(offset uint64) Memory {
	length := kernel.Length(kernel.Pointer(offset))
	if length == 0 {
		return Memory{}
	}
	return NewMemory(offset, length)
}

// JSONFrom reads the JSON of a block.
func JSONFrom(offset uint64, v any) error {
	memory := FindMemory(offset)
	return json.Unmarshal(memory.ReadBytes(), v)
}

// ParamBytes reads the block that a parameter of a function points to.
func ParamBytes(offset uint64) []byte {
	memory := FindMemory(offset)
	return memory.ReadBytes()
}

// ParamString is the same as text.
func ParamString(offset uint64) string { return string(ParamBytes(offset)) }

// ParamU32 is the same as a number.
func ParamU32(offset uint64) uint32 { return binary.LittleEndian.Uint32(ParamBytes(offset)) }

// ParamU64 is the same as a number.
func ParamU64(offset uint64) uint64 { return binary.LittleEndian.Uint64(ParamBytes(offset)) }

// ResultBytes makes a block for the result of a function.
func ResultBytes(d []byte) uint64 {
	memory := AllocateBytes(d)
	return memory.Offset()
}

// ResultString is the same for a text.
func ResultString(s string) uint64 { return ResultBytes([]byte(s)) }

// ResultU32 is the same for a number.
func ResultU32(d uint32) uint64 { return ResultBytes(binary.LittleEndian.AppendUint32(nil, d)) }

// ResultU64 is the same for a number.
func ResultU64(d uint64) uint64 { return ResultBytes(binary.LittleEndian.AppendUint64(nil, d)) }
