// Package globalmap is the map that all plugins share: in the memory of a node, or in Redis where the plugin has mapStore shared.
//
// Reading needs the grant global_map:read, writing global_map:write.
package globalmap

import (
	"time"

	"torii/internal/host"
	"torii/internal/store"
)

//go:wasmimport extism:host/user proxy_global_map_get
func hostGet(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_global_map_set
func hostSet(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_global_map_setnx
func hostSetIfAbsent(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_global_map_cas
func hostCompareAndSet(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_global_map_incrby
func hostIncrement(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_global_map_keys
func hostKeys(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_global_map_del
func hostRemove(offset, length uint64) uint64

// Option says more about a write.
type Option = store.Option

// TTL lets the key go after a while; without it, the key stays.
func TTL(after time.Duration) Option { return store.TTL(after) }

// Durable waits until a replica has the write, where the store is in Redis.
func Durable() Option { return store.Durable() }

// Get is the value; false when there is none.
func Get(key string) ([]byte, bool, error) { return store.Get(hostGet, key) }

// Set writes a value.
func Set(key string, value []byte, options ...Option) error {
	_, err := store.Set(hostSet, store.Map, store.Write{Key: key, Value: value}, options)
	return err
}

// SetIfAbsent reports false when the key was there: nothing has changed.
func SetIfAbsent(key string, value []byte, options ...Option) (bool, error) {
	return store.Set(hostSetIfAbsent, store.Map, store.Write{Key: key, Value: value}, options)
}

// CompareAndSet writes when the value is the expected one, or there is none and nil is expected.
func CompareAndSet(key string, expected, value []byte, options ...Option) (bool, error) {
	return store.Set(hostCompareAndSet, store.Map, store.Write{Key: key, Value: value, Expected: expected}, options)
}

// Increment adds to a number, which begins at 0, and answers the sum.
func Increment(key string, by int64) (int64, error) { return store.Add(hostIncrement, key, by) }

// Keys are those that begin with a prefix, at most 1,000; false when there may be more.
func Keys(prefix string) (keys []string, complete bool, err error) {
	return store.Keys(hostKeys, prefix)
}

// Remove removes a key, whether it is there or not.
func Remove(key string) error {
	host.WithText(hostRemove, key)
	return host.LastError()
}
