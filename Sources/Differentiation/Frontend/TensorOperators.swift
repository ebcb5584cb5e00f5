// Exactly three overloads an operator: with fewer, a stray `Double` makes the compiler search for seconds; with more, for longer.

extension Tensor {
  public static func + (a: Tensor, b: Tensor) -> Tensor { binary(.add, "+", a, b) }
  public static func + (a: Tensor, b: some Promotable) -> Tensor { binary(.add, "+", a, b.tensor) }
  public static func + (a: some Promotable, b: Tensor) -> Tensor { binary(.add, "+", a.tensor, b) }

  public static func - (a: Tensor, b: Tensor) -> Tensor { binary(.subtract, "-", a, b) }
  public static func - (a: Tensor, b: some Promotable) -> Tensor { binary(.subtract, "-", a, b.tensor) }
  public static func - (a: some Promotable, b: Tensor) -> Tensor { binary(.subtract, "-", a.tensor, b) }

  public static func * (a: Tensor, b: Tensor) -> Tensor { binary(.multiply, "*", a, b) }
  public static func * (a: Tensor, b: some Promotable) -> Tensor { binary(.multiply, "*", a, b.tensor) }
  public static func * (a: some Promotable, b: Tensor) -> Tensor { binary(.multiply, "*", a.tensor, b) }

  public static func / (a: Tensor, b: Tensor) -> Tensor { binary(.divide, "/", a, b) }
  public static func / (a: Tensor, b: some Promotable) -> Tensor { binary(.divide, "/", a, b.tensor) }
  public static func / (a: some Promotable, b: Tensor) -> Tensor { binary(.divide, "/", a.tensor, b) }

  public static prefix func - (a: Tensor) -> Tensor { unary(.negate, a) }

  public static func += (a: inout Tensor, b: Tensor) { a = a + b }
  public static func += (a: inout Tensor, b: some Promotable) { a = a + b }
  public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
  public static func -= (a: inout Tensor, b: some Promotable) { a = a - b }
  public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
  public static func *= (a: inout Tensor, b: some Promotable) { a = a * b }
  public static func /= (a: inout Tensor, b: Tensor) { a = a / b }
  public static func /= (a: inout Tensor, b: some Promotable) { a = a / b }
}

// MARK: - Comparisons: 1 where they hold, 0 where they do not (and where an operand is NaN)

extension Tensor {
  public static func .< (a: Tensor, b: Tensor) -> Tensor { binary(.less, ".<", a, b) }
  public static func .< (a: Tensor, b: some Promotable) -> Tensor { binary(.less, ".<", a, b.tensor) }
  public static func .< (a: some Promotable, b: Tensor) -> Tensor { binary(.less, ".<", a.tensor, b) }

  public static func .> (a: Tensor, b: Tensor) -> Tensor { binary(.less, ".>", b, a) }
  public static func .> (a: Tensor, b: some Promotable) -> Tensor { binary(.less, ".>", b.tensor, a) }
  public static func .> (a: some Promotable, b: Tensor) -> Tensor { binary(.less, ".>", b, a.tensor) }

  public static func .<= (a: Tensor, b: Tensor) -> Tensor { binary(.lessOrEqual, ".<=", a, b) }
  public static func .<= (a: Tensor, b: some Promotable) -> Tensor { binary(.lessOrEqual, ".<=", a, b.tensor) }
  public static func .<= (a: some Promotable, b: Tensor) -> Tensor { binary(.lessOrEqual, ".<=", a.tensor, b) }

  public static func .>= (a: Tensor, b: Tensor) -> Tensor { binary(.lessOrEqual, ".>=", b, a) }
  public static func .>= (a: Tensor, b: some Promotable) -> Tensor { binary(.lessOrEqual, ".>=", b.tensor, a) }
  public static func .>= (a: some Promotable, b: Tensor) -> Tensor { binary(.lessOrEqual, ".>=", b, a.tensor) }

  public static func .== (a: Tensor, b: Tensor) -> Tensor { binary(.equal, ".==", a, b) }
  public static func .== (a: Tensor, b: some Promotable) -> Tensor { binary(.equal, ".==", a, b.tensor) }
  public static func .== (a: some Promotable, b: Tensor) -> Tensor { binary(.equal, ".==", a.tensor, b) }
}

/// `a` where the condition is not 0, `b` where it is. Both are evaluated; the derivative flows only into the one taken, so guard the
/// *argument* of a function that has no finite derivative outside its domain, not its value.
public func select(_ condition: Tensor, _ a: some TensorConvertible, _ b: some TensorConvertible) -> Tensor {
  Tensor.elementwise("select", [condition, a.tensor, b.tensor]) { .select($0[0], $0[1], $0[2]) }
}
