// Package globaldatastore is the datastore that all plugins share, in Redis: the same for all nodes.
//
// Reading needs the grant global_datastore:read, writing global_datastore:write.
package globaldatastore

import (
	"time"

	"torii/internal/host"
	"torii/internal/store"
)

//go:wasmimport extism:host/user proxy_datastore_get
func hostGet(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_datastore_set
func hostSet(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_datastore_setnx
func hostSetIfAbsent(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_datastore_cas
func hostCompareAndSet(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_datastore_incrby
func hostIncrement(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_datastore_keys
func hostKeys(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_datastore_del
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
	_, err := store.Set(hostSet, store.Datastore, store.Write{Key: key, Value: value}, options)
	return err
}

// SetIfAbsent reports false when the key was there: nothing has changed.
func SetIfAbsent(key string, value []byte, options ...Option) (bool, error) {
	return store.Set(hostSetIfAbsent, store.Datastore, store.Write{Key: key, Value: value}, options)
}

// CompareAndSet writes when the value is the expected one, or there is none and nil is expected.
func CompareAndSet(key string, expected, value []byte, options ...Option) (bool, error) {
	return store.Set(hostCompareAndSet, store.Datastore, store.Write{Key: key, Value: value, Expected: expected}, options)
}

// Increment adds to a number, which begins at 0, and answers the sum.
func Increment(key string, by int64) (int64, error) { return store.Add(hostIncrement, key, by) }

// Keys are those that begin with a prefix, at most 1,000; false when there may be more.
func Keys(prefix string) (keys []string, complete bool, err error) {
	return store.Keys(hostKeys, prefix)
}

// Remove removes keys, at most 1,000 at once, and answers how many were there.
func Remove(keys ...string) (int, error) {
	removed := int64(host.WithJSON(hostRemove, map[string][]string{"keys": keys}))
	if removed < 0 {
		return 0, host.LastError()
	}
	return int(removed), nil
}

//go:wasmimport extism:host/user proxy_datastore_exists
func hostExists(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_datastore_pttl
func hostTimeToLive(offset, length uint64) uint64

//go:wasmimport extism:host/user proxy_datastore_pexpire
func hostExpire(offset, length uint64) uint64

// Exists reports whether a key is there.
func Exists(key string) (bool, error) {
	if host.WithText(hostExists, key) == 1 {
		return true, nil
	}
	return false, host.LastError()
}

// TimeToLive is what a key has left; 0 when it stays, and false when it is not there.
func TimeToLive(key string) (time.Duration, bool, error) {
	switch leftMs := int64(host.WithText(hostTimeToLive, key)); leftMs {
	case -3:
		return 0, false, host.LastError()
	case -2:
		return 0, false, nil
	case -1:
		return 0, true, nil
	default:
		return time.Duration(leftMs) * time.Millisecond, true, nil
	}
}

// Expire sets the time that a key has left; false when it is not there.
func Expire(key string, after time.Duration) (bool, error) {
	if host.WithJSON(hostExpire, map[string]any{"key": key, "pttl": after.Milliseconds()}) == 1 {
		return true, nil
	}
	return false, host.LastError()
}
