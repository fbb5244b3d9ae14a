/** Torii's host functions, as docs/host-functions.md describes them. Most take the pointer and the size of a block. */

@external("extism:host/user", "proxy_log")
export declare function proxy_log(level: i32, pointer: u64, size: u64): i32;
@external("extism:host/user", "proxy_log_event")
export declare function proxy_log_event(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_http_call")
export declare function proxy_http_call(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_last_error")
export declare function proxy_last_error(unused: u64): u64;
@external("extism:host/user", "proxy_get_attrs")
export declare function proxy_get_attrs(unused: u64): u64;
@external("extism:host/user", "proxy_get_attr")
export declare function proxy_get_attr(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_set_attr")
export declare function proxy_set_attr(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_del_attr")
export declare function proxy_del_attr(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_clear_attrs")
export declare function proxy_clear_attrs(unused: u64): u64;
@external("extism:host/user", "proxy_state")
export declare function proxy_state(unused: u64): u64;
@external("extism:host/user", "proxy_state_value")
export declare function proxy_state_value(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_global_config")
export declare function proxy_global_config(unused: u64): u64;
@external("extism:host/user", "proxy_config")
export declare function proxy_config(unused: u64): u64;
@external("extism:host/user", "proxy_cluster_state")
export declare function proxy_cluster_state(unused: u64): u64;
@external("extism:host/user", "proxy_cluster_state_value")
export declare function proxy_cluster_state_value(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_map")
export declare function proxy_plugin_map(unused: u64): u64;
@external("extism:host/user", "proxy_plugin_map_get")
export declare function proxy_plugin_map_get(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_map_keys")
export declare function proxy_plugin_map_keys(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_map_set")
export declare function proxy_plugin_map_set(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_map_setnx")
export declare function proxy_plugin_map_setnx(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_map_cas")
export declare function proxy_plugin_map_cas(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_map_incrby")
export declare function proxy_plugin_map_incrby(pointer: u64, size: u64): i64;
@external("extism:host/user", "proxy_plugin_map_del")
export declare function proxy_plugin_map_del(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_global_map")
export declare function proxy_global_map(unused: u64): u64;
@external("extism:host/user", "proxy_global_map_get")
export declare function proxy_global_map_get(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_global_map_keys")
export declare function proxy_global_map_keys(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_global_map_set")
export declare function proxy_global_map_set(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_global_map_setnx")
export declare function proxy_global_map_setnx(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_global_map_cas")
export declare function proxy_global_map_cas(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_global_map_incrby")
export declare function proxy_global_map_incrby(pointer: u64, size: u64): i64;
@external("extism:host/user", "proxy_global_map_del")
export declare function proxy_global_map_del(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_datastore_keys")
export declare function proxy_plugin_datastore_keys(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_datastore_all_matching")
export declare function proxy_plugin_datastore_all_matching(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_datastore_get")
export declare function proxy_plugin_datastore_get(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_datastore_exists")
export declare function proxy_plugin_datastore_exists(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_datastore_pttl")
export declare function proxy_plugin_datastore_pttl(pointer: u64, size: u64): i64;
@external("extism:host/user", "proxy_plugin_datastore_set")
export declare function proxy_plugin_datastore_set(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_datastore_setnx")
export declare function proxy_plugin_datastore_setnx(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_datastore_cas")
export declare function proxy_plugin_datastore_cas(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_datastore_incrby")
export declare function proxy_plugin_datastore_incrby(pointer: u64, size: u64): i64;
@external("extism:host/user", "proxy_plugin_datastore_pexpire")
export declare function proxy_plugin_datastore_pexpire(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_plugin_datastore_del")
export declare function proxy_plugin_datastore_del(pointer: u64, size: u64): i64;
@external("extism:host/user", "proxy_datastore_keys")
export declare function proxy_datastore_keys(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_datastore_all_matching")
export declare function proxy_datastore_all_matching(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_datastore_get")
export declare function proxy_datastore_get(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_datastore_exists")
export declare function proxy_datastore_exists(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_datastore_pttl")
export declare function proxy_datastore_pttl(pointer: u64, size: u64): i64;
@external("extism:host/user", "proxy_datastore_set")
export declare function proxy_datastore_set(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_datastore_setnx")
export declare function proxy_datastore_setnx(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_datastore_cas")
export declare function proxy_datastore_cas(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_datastore_incrby")
export declare function proxy_datastore_incrby(pointer: u64, size: u64): i64;
@external("extism:host/user", "proxy_datastore_pexpire")
export declare function proxy_datastore_pexpire(pointer: u64, size: u64): u64;
@external("extism:host/user", "proxy_datastore_del")
export declare function proxy_datastore_del(pointer: u64, size: u64): i64;
