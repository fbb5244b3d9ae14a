;; Stands between a guest's fuel checks and the host. When the host answers other than 0 the guest ends by a trap:
;; unlike an exception thrown from JavaScript, a trap is not caught by any `catch_all` of the guest.
(module
  (import "host" "yield" (func $yield (result i32)))
  (func (export "check")
    (if (call $yield) (then (unreachable)))))
