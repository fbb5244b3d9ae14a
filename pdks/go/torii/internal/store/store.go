// Package store is what the four stores have in common.
package store

import (
	"encoding/json"
	"math"
	"strconv"
	"time"

	"torii/internal/host"
)

// Option says more about a write.
type Option func(*Write)

// TTL lets the key go after a while; without it, the key stays.
func TTL(after time.Duration) Option {
	return func(write *Write) { write.TTLMs = after.Milliseconds() }
}

// Durable waits until a replica has the write, where the store is in Redis.
func Durable() Option {
	return func(write *Write) { write.Durable = true }
}

// Write is what host functions take. Bytes are base64 in JSON.
type Write struct {
	Key      string `json:"key"`
	Value    []byte `json:"value_base64"`
	Expected []byte `json:"expected_base64,omitempty"`
	TTLMs    int64  `json:"ttl,omitempty"`
	Durable  bool   `json:"durable,omitempty"`
}

// Answers are those of a write that was done, as maps and datastores give them.
type Answers struct{ Done uint64 }

// Map answers 0, Datastore 1.
var (
	Map       = Answers{Done: 0}
	Datastore = Answers{Done: 1}
)

// Get is the value; false when there is none.
func Get(call host.Call, key string) ([]byte, bool, error) {
	if value, isThere := host.Bytes(host.WithText(call, key)); isThere {
		return value, true, nil
	}
	return nil, false, host.LastError()
}

// Set reports whether it was written: false when the key, or its value, stood in its way.
func Set(call host.Call, answers Answers, write Write, options []Option) (bool, error) {
	for _, option := range options {
		option(&write)
	}
	if host.WithJSON(call, write) == answers.Done {
		return true, nil
	}
	return false, host.LastError()
}

// Add is the new sum.
func Add(call host.Call, key string, by int64) (int64, error) {
	sum := int64(host.WithJSON(call, map[string]string{"key": key, "incr": strconv.FormatInt(by, 10)}))
	if sum == math.MinInt64 {
		return 0, host.LastError()
	}
	return sum, nil
}

// Keys are those that begin with a prefix, at most 1,000; false when there may be more.
func Keys(call host.Call, prefix string) ([]string, bool, error) {
	answered, _ := host.Bytes(host.WithJSON(call, map[string]string{"prefix": prefix}))
	found := struct {
		Keys     []string `json:"keys"`
		Complete bool     `json:"complete"`
	}{}
	if err := json.Unmarshal(answered, &found); err != nil {
		return nil, false, err
	}
	if found.Keys == nil {
		return nil, false, host.LastError()
	}
	return found.Keys, found.Complete, nil
}
