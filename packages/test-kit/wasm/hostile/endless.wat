;; Never comes back, in every way in which code can repeat itself.
(module
  (memory (export "memory") 1)
  (table $table 1000 funcref)
  (elem (table $table) (i32.const 0) func $leaf $tail_by_table)
  (elem $spare func $leaf $leaf $leaf $leaf)
  (data $passive "some bytes that can be copied into memory again and again")
  (tag $ball (param i32))
  (type $entry (func (result i32)))

  (func $leaf (result i32) (i32.const 1))

  ;; The plain case.
  (func (export "loop") (result i32)
    (loop $again (br $again))
    (unreachable))

  ;; The inner loop ends, the outer one does not.
  (func (export "nestedLoops") (result i32)
    (local $i i32)
    (loop $outer
      (local.set $i (i32.const 100))
      (loop $inner
        (br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      (br $outer))
    (unreachable))

  ;; Goes back by a branch table, from within blocks.
  (func (export "branchTable") (result i32)
    (local $i i32)
    (loop $again
      (block $a
        (block $b
          (br_table $a $b $again (i32.rem_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 3))))
        (br $again))
      (br $again))
    (unreachable))

  ;; Each function calls the next one twice and there is neither a loop nor a recursion: 2^40 calls.
  (func $fan0)
  (func $fan1 (call $fan0) (call $fan0))
  (func $fan2 (call $fan1) (call $fan1) (call $fan1) (call $fan1))
  (func $fan4 (call $fan2) (call $fan2) (call $fan2) (call $fan2))
  (func $fan6 (call $fan4) (call $fan4) (call $fan4) (call $fan4))
  (func $fan8 (call $fan6) (call $fan6) (call $fan6) (call $fan6))
  (func $fan10 (call $fan8) (call $fan8) (call $fan8) (call $fan8))
  (func $fan12 (call $fan10) (call $fan10) (call $fan10) (call $fan10))
  (func $fan14 (call $fan12) (call $fan12) (call $fan12) (call $fan12))
  (func $fan16 (call $fan14) (call $fan14) (call $fan14) (call $fan14))
  (func $fan18 (call $fan16) (call $fan16) (call $fan16) (call $fan16))
  (func $fan20 (call $fan18) (call $fan18) (call $fan18) (call $fan18))
  (func $fan22 (call $fan20) (call $fan20) (call $fan20) (call $fan20))
  (func $fan24 (call $fan22) (call $fan22) (call $fan22) (call $fan22))
  (func $fan26 (call $fan24) (call $fan24) (call $fan24) (call $fan24))
  (func $fan28 (call $fan26) (call $fan26) (call $fan26) (call $fan26))
  (func $fan30 (call $fan28) (call $fan28) (call $fan28) (call $fan28))
  (func $fan32 (call $fan30) (call $fan30) (call $fan30) (call $fan30))
  (func $fan34 (call $fan32) (call $fan32) (call $fan32) (call $fan32))
  (func $fan36 (call $fan34) (call $fan34) (call $fan34) (call $fan34))
  (func $fan38 (call $fan36) (call $fan36) (call $fan36) (call $fan36))
  (func (export "callTree") (result i32)
    (call $fan38) (call $fan38) (call $fan38) (call $fan38)
    (unreachable))

  (func (export "calls") (result i32)
    (loop $again
      (drop (call $leaf))
      (br $again))
    (unreachable))

  (func (export "indirectCalls") (result i32)
    (loop $again
      (drop (call_indirect $table (type $entry) (i32.const 0)))
      (br $again))
    (unreachable))

  ;; Tail calls repeat without a loop and without using up the stack: to itself, in turn, through the table.
  (func $tail (export "tailCalls") (result i32) (return_call $tail))
  (func $tail_a (export "tailCallsInTurn") (result i32) (return_call $tail_b))
  (func $tail_b (result i32) (return_call $tail_a))
  (func $tail_by_table (export "tailCallsByTable") (result i32)
    (return_call_indirect $table (type $entry) (i32.const 1)))

  ;; Throws and catches, within one function and across a call.
  (func (export "exceptions") (result i32)
    (loop $again
      (try
        (do (throw $ball (i32.const 1)))
        (catch $ball drop))
      (br $again))
    (unreachable))
  (func $thrower (throw $ball (i32.const 1)))
  (func (export "exceptionsOfCallees") (result i32)
    (loop $again
      (try (do (call $thrower)) (catch_all))
      (br $again))
    (unreachable))

  ;; Catches whatever can be caught, so also what might be thrown to end it.
  (func (export "catchesItsEnd") (result i32)
    (loop $again
      (try (do (loop $inner (br $inner))) (catch_all))
      (br $again))
    (unreachable))

  ;; Each of these instructions touches all of the memory, or of the table.
  (func (export "fill") (result i32)
    (drop (memory.grow (i32.const 300)))
    (loop $again
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 19660800))
      (br $again))
    (unreachable))
  (func (export "copy") (result i32)
    (drop (memory.grow (i32.const 300)))
    (loop $again
      (memory.copy (i32.const 0) (i32.const 8) (i32.const 19660000))
      (br $again))
    (unreachable))
  (func (export "init") (result i32)
    (loop $again
      (memory.init $passive (i32.const 0) (i32.const 0) (i32.const 57))
      (br $again))
    (unreachable))
  (func (export "tableFill") (result i32)
    (loop $again
      (table.fill $table (i32.const 0) (ref.func $leaf) (i32.const 1000))
      (br $again))
    (unreachable))
  (func (export "tableCopy") (result i32)
    (loop $again
      (table.copy $table $table (i32.const 0) (i32.const 1) (i32.const 999))
      (br $again))
    (unreachable))
  (func (export "tableInit") (result i32)
    (loop $again
      (table.init $table $spare (i32.const 0) (i32.const 0) (i32.const 4))
      (br $again))
    (unreachable))

  ;; Grows by nothing, for ever.
  (func (export "growByNothing") (result i32)
    (loop $again
      (drop (memory.grow (i32.const 0)))
      (drop (table.grow $table (ref.null func) (i32.const 0)))
      (br $again))
    (unreachable)))
