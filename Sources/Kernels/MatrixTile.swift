/// The register block that every product of matrices stands on.
///
/// Goals, in order: (1) each element of a product is one chain of fused multiply-adds in rising order of the inner index, whatever the
/// block sizes, so that results do not depend on shape, lanes or threads; (2) all vector registers hold accumulators: 8 rows of 3 × 8 columns
/// fill 24 of the 32 registers of AVX-512; 4 rows of 3 × 4 columns fill 12 of the 16 of AVX2, where the wide block spills (a quarter of the speed).
#if CREDENCE_NARROW || arch(arm64)
  typealias TileVector = SIMD4<Double>
#else
  typealias TileVector = SIMD8<Double>
#endif

/// a·b + c on the vector of a tile; see ``multiplyAdd(_:_:_:)-vector``.
@inline(__always)
func tileMultiplyAdd(_ a: TileVector, _ b: TileVector, _ c: TileVector) -> TileVector {
  #if CREDENCE_FMA || arch(arm64)
    c.addingProduct(a, b)
  #else
    a * b + c
  #endif
}

/// Some neighbouring columns of one row, in 1, 2 or 3 vectors.
protocol TileStrip {
  static var width: Int { get }
  static var zero: Self { get }
  init(at pointer: UnsafePointer<Double>)
  func store(to pointer: UnsafeMutablePointer<Double>)
  mutating func add(_ scalar: Double, times other: Self)
}

@inline(__always)
func loadTile(_ pointer: UnsafePointer<Double>, _ vector: Int) -> TileVector {
  UnsafeRawPointer(pointer + vector * TileVector.scalarCount).loadUnaligned(as: TileVector.self)
}

@inline(__always)
func storeTile(_ value: TileVector, _ pointer: UnsafeMutablePointer<Double>, _ vector: Int) {
  UnsafeMutableRawPointer(pointer + vector * TileVector.scalarCount).storeBytes(of: value, as: TileVector.self)
}

struct TileStrip1: TileStrip {
  var x: TileVector
  static var width: Int { @inline(__always) get { TileVector.scalarCount } }
  static var zero: Self { @inline(__always) get { Self(x: .zero) } }
  @inline(__always) init(x: TileVector) { self.x = x }
  @inline(__always) init(at pointer: UnsafePointer<Double>) { x = loadTile(pointer, 0) }
  @inline(__always) func store(to pointer: UnsafeMutablePointer<Double>) { storeTile(x, pointer, 0) }
  @inline(__always) mutating func add(_ scalar: Double, times other: Self) {
    x = tileMultiplyAdd(TileVector(repeating: scalar), other.x, x)
  }
}

struct TileStrip2: TileStrip {
  var x, y: TileVector
  static var width: Int { @inline(__always) get { 2 * TileVector.scalarCount } }
  static var zero: Self { @inline(__always) get { Self(x: .zero, y: .zero) } }
  @inline(__always) init(x: TileVector, y: TileVector) { (self.x, self.y) = (x, y) }
  @inline(__always) init(at pointer: UnsafePointer<Double>) { (x, y) = (loadTile(pointer, 0), loadTile(pointer, 1)) }
  @inline(__always) func store(to pointer: UnsafeMutablePointer<Double>) {
    storeTile(x, pointer, 0)
    storeTile(y, pointer, 1)
  }
  @inline(__always) mutating func add(_ scalar: Double, times other: Self) {
    let s = TileVector(repeating: scalar)
    x = tileMultiplyAdd(s, other.x, x)
    y = tileMultiplyAdd(s, other.y, y)
  }
}

struct TileStrip3: TileStrip {
  var x, y, z: TileVector
  static var width: Int { @inline(__always) get { 3 * TileVector.scalarCount } }
  static var zero: Self { @inline(__always) get { Self(x: .zero, y: .zero, z: .zero) } }
  @inline(__always) init(x: TileVector, y: TileVector, z: TileVector) { (self.x, self.y, self.z) = (x, y, z) }
  @inline(__always) init(at pointer: UnsafePointer<Double>) {
    (x, y, z) = (loadTile(pointer, 0), loadTile(pointer, 1), loadTile(pointer, 2))
  }
  @inline(__always) func store(to pointer: UnsafeMutablePointer<Double>) {
    storeTile(x, pointer, 0)
    storeTile(y, pointer, 1)
    storeTile(z, pointer, 2)
  }
  @inline(__always) mutating func add(_ scalar: Double, times other: Self) {
    let s = TileVector(repeating: scalar)
    x = tileMultiplyAdd(s, other.x, x)
    y = tileMultiplyAdd(s, other.y, y)
    z = tileMultiplyAdd(s, other.z, z)
  }
}

/// What a tile does to C.
enum TileStart { case zero, current }
/// The sign of the product that is added.
enum TileSign { case plus, minus }

/// C[rows, strip] (= or +=) ± Σ_p A[·, p] B[p, ·], p rising.
///
/// A[r, p] stands at `a[r * aRow + p * aStep]`, row p of B at `b + p * bStep`, row r of C at `c + r * ldc`.
enum Tile {
  /// Rows of a full tile.
  static var rows: Int { @inline(__always) get { TileVector.scalarCount } }
  /// Columns of a full tile.
  static var columns: Int { @inline(__always) get { 3 * TileVector.scalarCount } }

  @inline(__always)
  static func full<S: TileStrip>(
    _ strip: S.Type, depth: Int, a: UnsafePointer<Double>, aRow: Int, aStep: Int, b: UnsafePointer<Double>, bStep: Int,
    c: UnsafeMutablePointer<Double>, ldc: Int, start: TileStart, sign: TileSign
  ) {
    #if CREDENCE_NARROW || arch(arm64)
      rows4(strip, depth: depth, a: a, aRow: aRow, aStep: aStep, b: b, bStep: bStep, c: c, ldc: ldc, start: start, sign: sign)
    #else
      rows8(strip, depth: depth, a: a, aRow: aRow, aStep: aStep, b: b, bStep: bStep, c: c, ldc: ldc, start: start, sign: sign)
    #endif
  }

  @inline(__always)
  static func rows8<S: TileStrip>(
    _ strip: S.Type, depth: Int, a: UnsafePointer<Double>, aRow: Int, aStep: Int, b: UnsafePointer<Double>, bStep: Int,
    c: UnsafeMutablePointer<Double>, ldc: Int, start: TileStart, sign: TileSign
  ) {
    var r0 = S.zero, r1 = S.zero, r2 = S.zero, r3 = S.zero, r4 = S.zero, r5 = S.zero, r6 = S.zero, r7 = S.zero
    if start == .current {
      r0 = S(at: c)
      r1 = S(at: c + ldc)
      r2 = S(at: c + 2 * ldc)
      r3 = S(at: c + 3 * ldc)
      r4 = S(at: c + 4 * ldc)
      r5 = S(at: c + 5 * ldc)
      r6 = S(at: c + 6 * ldc)
      r7 = S(at: c + 7 * ldc)
    }
    var a = a
    var b = b
    for _ in 0..<depth {
      let row = S(at: b)
      r0.add(sign == .plus ? a[0] : -a[0], times: row)
      r1.add(sign == .plus ? a[aRow] : -a[aRow], times: row)
      r2.add(sign == .plus ? a[2 * aRow] : -a[2 * aRow], times: row)
      r3.add(sign == .plus ? a[3 * aRow] : -a[3 * aRow], times: row)
      r4.add(sign == .plus ? a[4 * aRow] : -a[4 * aRow], times: row)
      r5.add(sign == .plus ? a[5 * aRow] : -a[5 * aRow], times: row)
      r6.add(sign == .plus ? a[6 * aRow] : -a[6 * aRow], times: row)
      r7.add(sign == .plus ? a[7 * aRow] : -a[7 * aRow], times: row)
      a += aStep
      b += bStep
    }
    r0.store(to: c)
    r1.store(to: c + ldc)
    r2.store(to: c + 2 * ldc)
    r3.store(to: c + 3 * ldc)
    r4.store(to: c + 4 * ldc)
    r5.store(to: c + 5 * ldc)
    r6.store(to: c + 6 * ldc)
    r7.store(to: c + 7 * ldc)
  }

  @inline(__always)
  static func rows4<S: TileStrip>(
    _ strip: S.Type, depth: Int, a: UnsafePointer<Double>, aRow: Int, aStep: Int, b: UnsafePointer<Double>, bStep: Int,
    c: UnsafeMutablePointer<Double>, ldc: Int, start: TileStart, sign: TileSign
  ) {
    var r0 = S.zero, r1 = S.zero, r2 = S.zero, r3 = S.zero
    if start == .current {
      r0 = S(at: c)
      r1 = S(at: c + ldc)
      r2 = S(at: c + 2 * ldc)
      r3 = S(at: c + 3 * ldc)
    }
    var a = a
    var b = b
    for _ in 0..<depth {
      let row = S(at: b)
      r0.add(sign == .plus ? a[0] : -a[0], times: row)
      r1.add(sign == .plus ? a[aRow] : -a[aRow], times: row)
      r2.add(sign == .plus ? a[2 * aRow] : -a[2 * aRow], times: row)
      r3.add(sign == .plus ? a[3 * aRow] : -a[3 * aRow], times: row)
      a += aStep
      b += bStep
    }
    r0.store(to: c)
    r1.store(to: c + ldc)
    r2.store(to: c + 2 * ldc)
    r3.store(to: c + 3 * ldc)
  }

  @inline(__always)
  static func rows1<S: TileStrip>(
    _ strip: S.Type, depth: Int, a: UnsafePointer<Double>, aStep: Int, b: UnsafePointer<Double>, bStep: Int,
    c: UnsafeMutablePointer<Double>, start: TileStart, sign: TileSign
  ) {
    var r0 = start == .current ? S(at: c) : S.zero
    var a = a
    var b = b
    for _ in 0..<depth {
      r0.add(sign == .plus ? a[0] : -a[0], times: S(at: b))
      a += aStep
      b += bStep
    }
    r0.store(to: c)
  }
}
