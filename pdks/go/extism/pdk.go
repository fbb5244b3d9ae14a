// Package pdk has the names of Extism's go-pdk and does what it does, for builders that cannot fetch it.
package pdk

import (
	"encoding/binary"
	"encoding/json"

	"github.com/extism/go-pdk/internal/kernel"
)

// Input is what the call was given.
func Input() []byte { return kernel.Input() }

// InputString is the same as text.
func InputString() string { return string(Input()) }

// InputJSON reads the input as JSON.
func InputJSON(v any) error { return json.Unmarshal(Input(), v) }

// Output is what the call answers; the last one counts.
func Output(data []byte) { OutputMemory(AllocateBytes(data)) }

// OutputString is the same for a text.
func OutputString(s string) { Output([]byte(s)) }

// OutputJSON is the same for a value as JSON.
func OutputJSON(v any) error {
	encoded, err := json.Marshal(v)
	if err != nil {
		return err
	}
	Output(encoded)
	return nil
}

// OutputMemory is the same for a block that is there already.
func OutputMemory(mem Memory) { kernel.OutputSet(mem.offset, mem.length) }

// SetError says why the call failed, which is seen when it does not return 0.
func SetError(err error) { SetErrorString(err.Error()) }

// SetErrorString is the same for a text.
func SetErrorString(err string) {
	memory := AllocateString(err)
	kernel.ErrorSet(memory.offset)
}

// GetConfig is a value of the plugin's config, and whether there is one.
func GetConfig(key string) (string, bool) {
	name := AllocateString(key)
	defer name.Free()
	block := kernel.ConfigGet(name.offset)
	if block == 0 {
		return "", false
	}
	value := Memory{offset: block, length: kernel.Length(block)}
	return string(value.ReadBytes()), true
}

// LogLevel is how much a line matters.
type LogLevel int

// The levels, least first.
const (
	LogTrace LogLevel = iota
	LogDebug
	LogInfo
	LogWarn
	LogError
)

// Log writes a line.
func Log(level LogLevel, s string) { LogMemory(level, AllocateString(s)) }

// LogMemory writes a line that is in a block already.
func LogMemory(level LogLevel, m Memory) {
	switch level {
	case LogTrace:
		kernel.LogTrace(m.offset)
	case LogDebug:
		kernel.LogDebug(m.offset)
	case LogInfo:
		kernel.LogInfo(m.offset)
	case LogWarn:
		kernel.LogWarn(m.offset)
	case LogError:
		kernel.LogError(m.offset)
	}
}

// GetVar is a variable of this instance, nil when it has none of that name.
func GetVar(key string) []byte {
	name := AllocateString(key)
	defer name.Free()
	block := kernel.VarGet(name.offset)
	if block == 0 {
		return nil
	}
	value := FindMemory(uint64(block))
	if value.length == 0 {
		return nil
	}
	return value.ReadBytes()
}

// SetVar keeps a variable for the next calls of this instance.
func SetVar(key string, value []byte) {
	name, content := AllocateString(key), AllocateBytes(value)
	kernel.VarSet(name.offset, content.offset)
}

const intSize = 8

// GetVarInt is a variable that SetVarInt set, 0 when there is none.
func GetVarInt(key string) int {
	value := GetVar(key)
	if len(value) < intSize {
		return 0
	}
	return int(binary.LittleEndian.Uint64(value))
}

// SetVarInt keeps a number.
func SetVarInt(key string, value int) {
	SetVar(key, binary.LittleEndian.AppendUint64(nil, uint64(value)))
}

// RemoveVar forgets a variable.
func RemoveVar(key string) {
	name := AllocateString(key)
	kernel.VarSet(name.offset, 0)
}
