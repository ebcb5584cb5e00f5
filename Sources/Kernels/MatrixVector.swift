/// Products of a matrix with a vector, streaming the matrix once.
///
/// The stored rows are contiguous, so the two orientations differ in nature. Along rows (y = A x) each element is a dot product in the fixed
/// order of ``Reduction``. Across rows (y = Aᵀ x) each element is one chain of fused multiply-adds in rising row, as in
/// ``LinearAlgebra/multiply(m:n:k:_:lda:_:_:ldb:_:_:ldc:_:workspace:)``.
extension LinearAlgebra {
  /// y ← op(A) x, y + op(A) x or y − op(A) x.
  ///
  /// - Parameters:
  ///   - a: A, rows × columns.
  ///   - x: columns numbers if plain, rows numbers if transposed.
  ///   - y: rows numbers if plain, columns numbers if transposed; overlaps neither A nor x.
  public static func multiplyVector(
    rows: Int, columns: Int, _ a: UnsafePointer<Double>, lda: Int, _ orientation: Orientation, _ x: UnsafePointer<Double>,
    _ y: UnsafeMutablePointer<Double>, _ update: Update
  ) {
    switch orientation {
    case .plain: multiplyAlongRows(rows, columns, a, lda, x, y, update)
    case .transposed: multiplyAcrossRows(rows, columns, a, lda, x, y, update)
    }
  }

  /// Σ xᵢ yᵢ over i < n in the fixed order of ``Reduction``.
  public static func dot(_ n: Int, _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>) -> Double { Reduction.dot(n, x, y) }

  @inline(__always)
  private static func updated(_ old: Double, _ value: Double, _ update: Update) -> Double {
    switch update {
    case .overwrite: value
    case .add: old + value
    case .subtract: old - value
    }
  }

  /// Eight rows at a time, so that x is read once for eight and their chains hide each other's latency.
  private static func multiplyAlongRows(
    _ rows: Int, _ columns: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>,
    _ update: Update
  ) {
    var row = 0
    let rest = columns % 8
    let tail = Reduction.load(x + (columns - rest), count: rest, filler: 0)
    while row + 8 <= rows {
      // The last columns are read eight at a time where that stays within A: behind the last of these rows follow others.
      let isWide = (rows - row - 8) * lda >= 8
      let sums = dotEightRows(columns, a + row * lda, lda, x, tail, isWide)
      for r in 0..<8 { y[row + r] = updated(y[row + r], sums[r], update) }
      row += 8
    }
    while row < rows {
      y[row] = updated(y[row], Reduction.dot(columns, a + row * lda, x), update)
      row += 1
    }
  }

  @inline(__always)
  private static func dotEightRows(
    _ columns: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ x: UnsafePointer<Double>, _ tail: Vector8, _ isWide: Bool
  ) -> Vector8 {
    var r0 = Vector8.zero, r1 = Vector8.zero, r2 = Vector8.zero, r3 = Vector8.zero
    var r4 = Vector8.zero, r5 = Vector8.zero, r6 = Vector8.zero, r7 = Vector8.zero
    var n = 0
    while n + 8 <= columns {
      let value = Reduction.load(x + n)
      let p = a + n
      r0 = multiplyAdd(Reduction.load(p), value, r0)
      r1 = multiplyAdd(Reduction.load(p + lda), value, r1)
      r2 = multiplyAdd(Reduction.load(p + 2 * lda), value, r2)
      r3 = multiplyAdd(Reduction.load(p + 3 * lda), value, r3)
      r4 = multiplyAdd(Reduction.load(p + 4 * lda), value, r4)
      r5 = multiplyAdd(Reduction.load(p + 5 * lda), value, r5)
      r6 = multiplyAdd(Reduction.load(p + 6 * lda), value, r6)
      r7 = multiplyAdd(Reduction.load(p + 7 * lda), value, r7)
      n += 8
    }
    let rest = columns - n
    if rest > 0 {
      let live = SIMD8<Int64>(0, 1, 2, 3, 4, 5, 6, 7) .< SIMD8<Int64>(repeating: Int64(rest))
      @inline(__always) func last(_ p: UnsafePointer<Double>) -> Vector8 {
        isWide ? Vector8.zero.replacing(with: Reduction.load(p), where: live) : Reduction.load(p, count: rest, filler: 0)
      }
      let p = a + n
      r0 = multiplyAdd(last(p), tail, r0)
      r1 = multiplyAdd(last(p + lda), tail, r1)
      r2 = multiplyAdd(last(p + 2 * lda), tail, r2)
      r3 = multiplyAdd(last(p + 3 * lda), tail, r3)
      r4 = multiplyAdd(last(p + 4 * lda), tail, r4)
      r5 = multiplyAdd(last(p + 5 * lda), tail, r5)
      r6 = multiplyAdd(last(p + 6 * lda), tail, r6)
      r7 = multiplyAdd(last(p + 7 * lda), tail, r7)
    }
    return Reduction.combine(r0, r1, r2, r3, r4, r5, r6, r7)
  }

  /// Sixty-four columns at a time in eight accumulators.
  private static func multiplyAcrossRows(
    _ rows: Int, _ columns: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>,
    _ update: Update
  ) {
    var n = 0
    while n + 64 <= columns {
      var r0 = Vector8.zero, r1 = Vector8.zero, r2 = Vector8.zero, r3 = Vector8.zero
      var r4 = Vector8.zero, r5 = Vector8.zero, r6 = Vector8.zero, r7 = Vector8.zero
      if update != .overwrite {
        (r0, r1, r2, r3) = (load8(y, n), load8(y, n + 8), load8(y, n + 16), load8(y, n + 24))
        (r4, r5, r6, r7) = (load8(y, n + 32), load8(y, n + 40), load8(y, n + 48), load8(y, n + 56))
      }
      var p = a + n
      for d in 0..<rows {
        let value = Vector8(repeating: update == .subtract ? -x[d] : x[d])
        r0 = multiplyAdd(Reduction.load(p), value, r0)
        r1 = multiplyAdd(Reduction.load(p + 8), value, r1)
        r2 = multiplyAdd(Reduction.load(p + 16), value, r2)
        r3 = multiplyAdd(Reduction.load(p + 24), value, r3)
        r4 = multiplyAdd(Reduction.load(p + 32), value, r4)
        r5 = multiplyAdd(Reduction.load(p + 40), value, r5)
        r6 = multiplyAdd(Reduction.load(p + 48), value, r6)
        r7 = multiplyAdd(Reduction.load(p + 56), value, r7)
        p += lda
      }
      store8(r0, y, n)
      store8(r1, y, n + 8)
      store8(r2, y, n + 16)
      store8(r3, y, n + 24)
      store8(r4, y, n + 32)
      store8(r5, y, n + 40)
      store8(r6, y, n + 48)
      store8(r7, y, n + 56)
      n += 64
    }
    while n < columns {
      let rest = columns - n
      if rest >= 3 * TileVector.scalarCount {
        n += acrossStrip(TileStrip3.self, rows, a + n, lda, x, y + n, update)
      } else if rest >= 2 * TileVector.scalarCount {
        n += acrossStrip(TileStrip2.self, rows, a + n, lda, x, y + n, update)
      } else if rest >= TileVector.scalarCount {
        n += acrossStrip(TileStrip1.self, rows, a + n, lda, x, y + n, update)
      } else if rest >= 4 {
        n += acrossStrip(TileStripFour.self, rows, a + n, lda, x, y + n, update)
      } else if rest >= 2 {
        n += acrossStrip(TileStripTwo.self, rows, a + n, lda, x, y + n, update)
      } else {
        n += acrossStrip(TileStripOne.self, rows, a + n, lda, x, y + n, update)
      }
    }
  }

  @inline(__always)
  private static func acrossStrip<S: TileStrip>(
    _ strip: S.Type, _ rows: Int, _ a: UnsafePointer<Double>, _ lda: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>,
    _ update: Update
  ) -> Int {
    Tile.rows1(
      strip, depth: rows, a: x, aStep: 1, b: a, bStep: lda, c: y, start: update == .overwrite ? .zero : .current,
      sign: update == .subtract ? .minus : .plus)
    return S.width
  }

  @inline(__always)
  private static func load8(_ y: UnsafeMutablePointer<Double>, _ i: Int) -> Vector8 {
    UnsafeRawPointer(y + i).loadUnaligned(as: Vector8.self)
  }

  @inline(__always)
  private static func store8(_ value: Vector8, _ y: UnsafeMutablePointer<Double>, _ i: Int) {
    UnsafeMutableRawPointer(y + i).storeBytes(of: value, as: Vector8.self)
  }
}
