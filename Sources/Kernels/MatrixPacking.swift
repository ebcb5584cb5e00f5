/// Copies of matrix blocks in the order in which a ``Tile`` reads them.
enum Packing {
  /// target[p * targetStep + j] = ± source[p * sourceStep + j] for p < depth, j < valid; 0 for valid ≤ j < unit, where unit is the width of a
  /// ``TileVector``.
  @inline(__always)
  static func rows(
    depth: Int, valid: Int, source: UnsafePointer<Double>, sourceStep: Int, target: UnsafeMutablePointer<Double>, targetStep: Int,
    sign: TileSign
  ) {
    let unit = TileVector.scalarCount
    if valid >= unit {
      for p in 0..<depth {
        let value = loadTile(source + p * sourceStep, 0)
        storeTile(sign == .plus ? value : -value, target + p * targetStep, 0)
      }
      return
    }
    for p in 0..<depth {
      for j in 0..<unit {
        let value = j < valid ? source[p * sourceStep + j] : 0
        target[p * targetStep + j] = sign == .plus ? value : -value
      }
    }
  }

  /// target[p * targetStep + j] = ± source[j * sourceStep + p]: as ``rows(depth:valid:source:sourceStep:target:targetStep:sign:)``, transposed.
  @inline(__always)
  static func transposed(
    depth: Int, valid: Int, source: UnsafePointer<Double>, sourceStep: Int, target: UnsafeMutablePointer<Double>, targetStep: Int,
    sign: TileSign
  ) {
    let unit = TileVector.scalarCount
    var p = 0
    if valid >= unit {
      while p + unit <= depth {
        transposeTile(source + p, sourceStep, target + p * targetStep, targetStep, sign)
        p += unit
      }
    }
    while p < depth {
      for j in 0..<unit {
        let value = j < valid ? source[j * sourceStep + p] : 0
        target[p * targetStep + j] = sign == .plus ? value : -value
      }
      p += 1
    }
  }

  /// A perfect shuffle of two vectors: (a₀ b₀ a₁ b₁ …).
  @inline(__always)
  static func interleave(_ a: TileVector, _ b: TileVector) -> (TileVector, TileVector) {
    var low = TileVector.zero
    var high = TileVector.zero
    low.evenHalf = a.lowHalf
    low.oddHalf = b.lowHalf
    high.evenHalf = a.highHalf
    high.oddHalf = b.highHalf
    return (low, high)
  }

  /// One square of unit × unit numbers, transposed in registers: log₂ unit perfect shuffles of the whole square.
  @inline(__always)
  static func transposeTile(
    _ source: UnsafePointer<Double>, _ sourceStep: Int, _ target: UnsafeMutablePointer<Double>, _ targetStep: Int, _ sign: TileSign
  ) {
    @inline(__always) func load(_ j: Int) -> TileVector {
      let value = loadTile(source + j * sourceStep, 0)
      return sign == .plus ? value : -value
    }
    @inline(__always) func store(_ value: TileVector, _ j: Int) { storeTile(value, target + j * targetStep, 0) }
    #if CREDENCE_NARROW || arch(arm64)
      let (a0, a1) = interleave(load(0), load(2))
      let (a2, a3) = interleave(load(1), load(3))
      let (b0, b1) = interleave(a0, a2)
      let (b2, b3) = interleave(a1, a3)
      store(b0, 0)
      store(b1, 1)
      store(b2, 2)
      store(b3, 3)
    #else
      let (a0, a1) = interleave(load(0), load(4))
      let (a2, a3) = interleave(load(1), load(5))
      let (a4, a5) = interleave(load(2), load(6))
      let (a6, a7) = interleave(load(3), load(7))
      let (b0, b1) = interleave(a0, a4)
      let (b2, b3) = interleave(a1, a5)
      let (b4, b5) = interleave(a2, a6)
      let (b6, b7) = interleave(a3, a7)
      let (c0, c1) = interleave(b0, b4)
      let (c2, c3) = interleave(b1, b5)
      let (c4, c5) = interleave(b2, b6)
      let (c6, c7) = interleave(b3, b7)
      store(c0, 0)
      store(c1, 1)
      store(c2, 2)
      store(c3, 3)
      store(c4, 4)
      store(c5, 5)
      store(c6, 6)
      store(c7, 7)
    #endif
  }
}
