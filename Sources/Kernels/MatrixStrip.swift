/// The register block that every product of matrices stands on.
///
/// Goals, in order: (1) each element of a product is one chain of fused multiply-adds in rising order of the inner index, whatever the
/// block sizes, so that results do not depend on shape, lanes or threads; (2) all vector registers hold accumulators: 8 rows of 3 × 8 columns
/// fill 24 of the 32 registers of AVX-512; 4 rows of 3 × 4 columns fill 12 of the 16 of AVX2, where the wide block spills (a quarter of the speed).
///
/// `CREDENCE_NARROW` is set by the package where the build flags name a processor without AVX-512.
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
  mutating func scale(by scalar: Double)
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
  @inline(__always) mutating func scale(by scalar: Double) { x *= TileVector(repeating: scalar) }
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
  @inline(__always) mutating func scale(by scalar: Double) {
    let s = TileVector(repeating: scalar)
    x *= s
    y *= s
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
  @inline(__always) mutating func scale(by scalar: Double) {
    let s = TileVector(repeating: scalar)
    x *= s
    y *= s
    z *= s
  }
}

/// Four columns, for the edges of matrices that are no multiple of a vector wide.
struct TileStripFour: TileStrip {
  var x: SIMD4<Double>
  static var width: Int { @inline(__always) get { 4 } }
  static var zero: Self { @inline(__always) get { Self(x: .zero) } }
  @inline(__always) init(x: SIMD4<Double>) { self.x = x }
  @inline(__always) init(at pointer: UnsafePointer<Double>) {
    x = UnsafeRawPointer(pointer).loadUnaligned(as: SIMD4<Double>.self)
  }
  @inline(__always) func store(to pointer: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: x, as: SIMD4<Double>.self)
  }
  @inline(__always) mutating func add(_ scalar: Double, times other: Self) {
    #if CREDENCE_FMA || arch(arm64)
      x.addProduct(SIMD4(repeating: scalar), other.x)
    #else
      x = SIMD4(repeating: scalar) * other.x + x
    #endif
  }
  @inline(__always) mutating func scale(by scalar: Double) { x *= SIMD4(repeating: scalar) }
}

/// Two columns.
struct TileStripTwo: TileStrip {
  var x: SIMD2<Double>
  static var width: Int { @inline(__always) get { 2 } }
  static var zero: Self { @inline(__always) get { Self(x: .zero) } }
  @inline(__always) init(x: SIMD2<Double>) { self.x = x }
  @inline(__always) init(at pointer: UnsafePointer<Double>) {
    x = UnsafeRawPointer(pointer).loadUnaligned(as: SIMD2<Double>.self)
  }
  @inline(__always) func store(to pointer: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: x, as: SIMD2<Double>.self)
  }
  @inline(__always) mutating func add(_ scalar: Double, times other: Self) {
    #if CREDENCE_FMA || arch(arm64)
      x.addProduct(SIMD2(repeating: scalar), other.x)
    #else
      x = SIMD2(repeating: scalar) * other.x + x
    #endif
  }
  @inline(__always) mutating func scale(by scalar: Double) { x *= SIMD2(repeating: scalar) }
}

/// One column.
struct TileStripOne: TileStrip {
  var x: Double
  static var width: Int { @inline(__always) get { 1 } }
  static var zero: Self { @inline(__always) get { Self(x: 0) } }
  @inline(__always) init(x: Double) { self.x = x }
  @inline(__always) init(at pointer: UnsafePointer<Double>) { x = pointer.pointee }
  @inline(__always) func store(to pointer: UnsafeMutablePointer<Double>) { pointer.pointee = x }
  @inline(__always) mutating func add(_ scalar: Double, times other: Self) { x = multiplyAdd(scalar, other.x, x) }
  @inline(__always) mutating func scale(by scalar: Double) { x *= scalar }
}
