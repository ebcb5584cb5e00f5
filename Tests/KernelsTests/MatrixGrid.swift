import Kernels

/// A matrix in memory of its own, its rows apart by more than their length; the gaps hold a mark that no kernel may touch.
final class Grid {
  static let mark = -7.25e77
  let rows: Int
  let columns: Int
  let ld: Int
  let pointer: UnsafeMutablePointer<Double>

  init(_ rows: Int, _ columns: Int, gap: Int = 3) {
    (self.rows, self.columns, ld) = (rows, columns, columns + gap)
    pointer = .allocate(capacity: max(1, rows * ld))
    pointer.initialize(repeating: Grid.mark, count: max(1, rows * ld))
  }

  convenience init(_ rows: Int, _ columns: Int, gap: Int = 3, _ element: (Int, Int) -> Double) {
    self.init(rows, columns, gap: gap)
    for i in 0..<rows { for j in 0..<columns { self[i, j] = element(i, j) } }
  }

  /// Normals from the kernels' own generator, by the number of the grid.
  convenience init(random site: UInt32, _ rows: Int, _ columns: Int, gap: Int = 3) {
    var stream = RandomStream(at: RandomAddress(seed: 1, purpose: 99, site: site))
    self.init(rows, columns, gap: gap) { _, _ in stream.nextNormal() }
  }

  deinit { pointer.deallocate() }

  subscript(i: Int, j: Int) -> Double {
    get { pointer[i * ld + j] }
    set { pointer[i * ld + j] = newValue }
  }

  func copy() -> Grid {
    let other = Grid(rows, columns, gap: ld - columns)
    for i in 0..<rows { for j in 0..<columns { other[i, j] = self[i, j] } }
    return other
  }

  var gapsAreUntouched: Bool {
    for i in 0..<rows { for j in columns..<ld where pointer[i * ld + j] != Grid.mark { return false } }
    return true
  }

  /// The same numbers bit by bit (NaN equal to NaN), the gaps aside.
  func isIdentical(to other: Grid) -> Bool {
    guard rows == other.rows, columns == other.columns else { return false }
    for i in 0..<rows { for j in 0..<columns where self[i, j].bitPattern != other[i, j].bitPattern { return false } }
    return true
  }

  /// The largest |difference| to another matrix.
  func distance(to other: Grid) -> Double {
    var worst = 0.0
    for i in 0..<rows { for j in 0..<columns { worst = max(worst, abs(self[i, j] - other[i, j])) } }
    return worst
  }
}

/// A piece of memory for a workspace, filled with NaN: contents that a kernel must not read before it writes.
final class Workspace {
  let pointer: UnsafeMutablePointer<Double>
  private let count: Int

  init(_ count: Int) {
    self.count = count
    pointer = .allocate(capacity: count + 1)
    pointer.initialize(repeating: .nan, count: count)
    pointer[count] = Grid.mark
  }

  var endIsUntouched: Bool { pointer[count] == Grid.mark }

  deinit { pointer.deallocate() }
}
