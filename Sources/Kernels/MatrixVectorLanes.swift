/// Products of one matrix, shared by all lanes, with a vector per lane, stored [element][lane].
///
/// Each lane has the bits of the product with its vector alone: the same terms in the same order.
extension LinearAlgebra {
  /// For every lane w: y[·][w] ← op(A) x[·][w], y + op(A) x or y − op(A) x.
  ///
  /// - Parameters:
  ///   - lanes: 1, 2, 4 or 8.
  ///   - a: A, rows × columns.
  ///   - x: [columns][lanes] if plain, [rows][lanes] if transposed.
  ///   - y: [rows][lanes] if plain, [columns][lanes] if transposed; overlaps neither A nor x.
  public static func multiplyVectorLanes(
    lanes: Int, rows: Int, columns: Int, _ a: UnsafePointer<Double>, lda: Int, _ orientation: Orientation, _ x: UnsafePointer<Double>,
    _ y: UnsafeMutablePointer<Double>, _ update: Update
  ) {
    switch (orientation, lanes) {
    case (_, 1): multiplyVector(rows: rows, columns: columns, a, lda: lda, orientation, x, y, update)
    case (.plain, 2): alongRows(rows, columns, a, lda, x, y, update, SIMD2<Double>.self)
    case (.plain, 4): alongRows(rows, columns, a, lda, x, y, update, SIMD4<Double>.self)
    case (.plain, 8): alongRows(rows, columns, a, lda, x, y, update, SIMD8<Double>.self)
    case (.transposed, 2): acrossRows(rows, columns, a, lda, x, y, update, SIMD2<Double>.self)
    case (.transposed, 4): acrossRows(rows, columns, a, lda, x, y, update, SIMD4<Double>.self)
    case (.transposed, 8): acrossRows(rows, columns, a, lda, x, y, update, SIMD8<Double>.self)
    default: preconditionFailure("lanes must be 1, 2, 4 or 8")
    }
  }

  @inline(__always)
  private static func fused<V: SIMD>(_ a: Double, _ b: V, _ c: V) -> V where V.Scalar == Double {
    #if CREDENCE_FMA || arch(arm64)
      c.addingProduct(V(repeating: a), b)
    #else
      V(repeating: a) * b + c
    #endif
  }

  /// The eight partial sums of one row, a vector of lanes each.
  private struct Partials<V: SIMD> where V.Scalar == Double {
    var p0 = V.zero, p1 = V.zero, p2 = V.zero, p3 = V.zero, p4 = V.zero, p5 = V.zero, p6 = V.zero, p7 = V.zero

    @inline(__always) init() {}

    @inline(__always)
    mutating func add(_ a: UnsafePointer<Double>, _ x0: V, _ x1: V, _ x2: V, _ x3: V, _ x4: V, _ x5: V, _ x6: V, _ x7: V) {
      p0 = fused(a[0], x0, p0)
      p1 = fused(a[1], x1, p1)
      p2 = fused(a[2], x2, p2)
      p3 = fused(a[3], x3, p3)
      p4 = fused(a[4], x4, p4)
      p5 = fused(a[5], x5, p5)
      p6 = fused(a[6], x6, p6)
      p7 = fused(a[7], x7, p7)
    }

    /// The last `count` < 8 terms.
    @inline(__always)
    mutating func add(_ a: UnsafePointer<Double>, count: Int, _ x: (Int) -> V) {
      if count > 0 { p0 = fused(a[0], x(0), p0) }
      if count > 1 { p1 = fused(a[1], x(1), p1) }
      if count > 2 { p2 = fused(a[2], x(2), p2) }
      if count > 3 { p3 = fused(a[3], x(3), p3) }
      if count > 4 { p4 = fused(a[4], x(4), p4) }
      if count > 5 { p5 = fused(a[5], x(5), p5) }
      if count > 6 { p6 = fused(a[6], x(6), p6) }
    }

    @inline(__always) var sum: V { ((p0 + p4) + (p2 + p6)) + ((p1 + p5) + (p3 + p7)) }
  }

  /// y[d][·] = Σ_n A[d, n] x[n][·]: three rows at a time, 24 accumulators, so that x is read once for three.
  @inline(__always)
  private static func alongRows<V: SIMD>(
    _ rows: Int, _ columns: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>,
    _ update: Update, _ type: V.Type
  ) where V.Scalar == Double {
    let source = UnsafeRawPointer(x)
    let target = UnsafeMutableRawPointer(y)
    let step = 8 * V.scalarCount
    @inline(__always) func input(_ n: Int) -> V { source.loadUnaligned(fromByteOffset: n * step, as: V.self) }
    @inline(__always) func finish(_ row: Int, _ sum: V) {
      var value = sum
      if update != .overwrite {
        let old = target.loadUnaligned(fromByteOffset: row * step, as: V.self)
        value = update == .add ? old + sum : old - sum
      }
      target.storeBytes(of: value, toByteOffset: row * step, as: V.self)
    }
    var row = 0
    while row < rows {
      let first = a + row * lda
      let second = row + 1 < rows ? first + lda : first
      let third = row + 2 < rows ? second + lda : second
      var r = Partials<V>(), s = Partials<V>(), t = Partials<V>()
      var n = 0
      while n + 8 <= columns {
        let (x0, x1, x2, x3) = (input(n), input(n + 1), input(n + 2), input(n + 3))
        let (x4, x5, x6, x7) = (input(n + 4), input(n + 5), input(n + 6), input(n + 7))
        r.add(first + n, x0, x1, x2, x3, x4, x5, x6, x7)
        s.add(second + n, x0, x1, x2, x3, x4, x5, x6, x7)
        t.add(third + n, x0, x1, x2, x3, x4, x5, x6, x7)
        n += 8
      }
      r.add(first + n, count: columns - n) { input(n + $0) }
      s.add(second + n, count: columns - n) { input(n + $0) }
      t.add(third + n, count: columns - n) { input(n + $0) }
      finish(row, r.sum)
      if row + 1 < rows { finish(row + 1, s.sum) }
      if row + 2 < rows { finish(row + 2, t.sum) }
      row += 3
    }
  }

  /// y[n][·] = Σ_d A[d, n] x[d][·]: eight columns at a time.
  @inline(__always)
  private static func acrossRows<V: SIMD>(
    _ rows: Int, _ columns: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>,
    _ update: Update, _ type: V.Type
  ) where V.Scalar == Double {
    let source = UnsafeRawPointer(x)
    let target = UnsafeMutableRawPointer(y)
    let step = 8 * V.scalarCount
    @inline(__always) func input(_ d: Int) -> V {
      let value = source.loadUnaligned(fromByteOffset: d * step, as: V.self)
      return update == .subtract ? -value : value
    }
    @inline(__always) func start(_ n: Int) -> V {
      update == .overwrite ? V.zero : target.loadUnaligned(fromByteOffset: n * step, as: V.self)
    }
    @inline(__always) func finish(_ n: Int, _ value: V) { target.storeBytes(of: value, toByteOffset: n * step, as: V.self) }
    var n = 0
    while n + 8 <= columns {
      var (r0, r1, r2, r3) = (start(n), start(n + 1), start(n + 2), start(n + 3))
      var (r4, r5, r6, r7) = (start(n + 4), start(n + 5), start(n + 6), start(n + 7))
      var p = a + n
      for d in 0..<rows {
        let value = input(d)
        r0 = fused(p[0], value, r0)
        r1 = fused(p[1], value, r1)
        r2 = fused(p[2], value, r2)
        r3 = fused(p[3], value, r3)
        r4 = fused(p[4], value, r4)
        r5 = fused(p[5], value, r5)
        r6 = fused(p[6], value, r6)
        r7 = fused(p[7], value, r7)
        p += lda
      }
      finish(n, r0)
      finish(n + 1, r1)
      finish(n + 2, r2)
      finish(n + 3, r3)
      finish(n + 4, r4)
      finish(n + 5, r5)
      finish(n + 6, r6)
      finish(n + 7, r7)
      n += 8
    }
    while n + 4 <= columns {
      var (r0, r1, r2, r3) = (start(n), start(n + 1), start(n + 2), start(n + 3))
      var p = a + n
      for d in 0..<rows {
        let value = input(d)
        r0 = fused(p[0], value, r0)
        r1 = fused(p[1], value, r1)
        r2 = fused(p[2], value, r2)
        r3 = fused(p[3], value, r3)
        p += lda
      }
      finish(n, r0)
      finish(n + 1, r1)
      finish(n + 2, r2)
      finish(n + 3, r3)
      n += 4
    }
    while n < columns {
      var sum = start(n)
      for d in 0..<rows { sum = fused(a[d * lda + n], input(d), sum) }
      finish(n, sum)
      n += 1
    }
  }
}
