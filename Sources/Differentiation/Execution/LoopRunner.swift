import Kernels

/// Runs fused loops: rows of the outer axes, tiles of the inner one, steps for each tile. Values stay in registers of one tile, which stay in
/// the first-level cache.
enum LoopRunner {
  typealias Pointer = UnsafeMutablePointer<Double>

  /// Vectors in a tile; a multiple of eight, so that partial sums keep their order.
  static let tileVectors = 16

  static func run(_ l: UnsafeMutablePointer<RuntimeLoop>) {
    for e in 0..<l.pointee.endCount where !l.pointee.continues {
      let end = l.pointee.ends[e]
      end.start.update(repeating: LoopReductions.neutral(end.reducer), count: end.count)
    }
    if l.pointee.rank > 0 {
      for axis in 0..<l.pointee.rank { l.pointee.index[axis] = 0 }
      for s in 0..<l.pointee.streamCount { l.pointee.table[s] = l.pointee.bases[s] }
    }
    for row in 0..<l.pointee.rows {
      runRow(l)
      if row + 1 < l.pointee.rows { nextRow(l) }
    }
  }

  /// Moves every stream to the start of the next row.
  @inline(always)
  private static func nextRow(_ l: UnsafeMutablePointer<RuntimeLoop>) {
    var axis = l.pointee.rank - 1
    while axis > 0, l.pointee.index[axis] + 1 == l.pointee.lengths[axis] {
      l.pointee.index[axis] = 0
      axis -= 1
    }
    l.pointee.index[axis] += 1
    for s in 0..<l.pointee.streamCount { l.pointee.table[s] = l.pointee.bases[s] }
    for axis in 0..<l.pointee.rank where l.pointee.index[axis] != 0 {
      let steps = l.pointee.rowSteps + axis * l.pointee.streamCount
      for s in 0..<l.pointee.streamCount { l.pointee.table[s] += steps[s] * l.pointee.index[axis] }
    }
  }

  @inline(always)
  private static func runRow(_ l: UnsafeMutablePointer<RuntimeLoop>) {
    for e in 0..<l.pointee.endCount where l.pointee.ends[e].accumulator >= 0 {
      let end = l.pointee.ends[e]
      l.pointee.table[end.accumulator].update(repeating: LoopReductions.neutral(end.reducer), count: 8 * l.pointee.lanes)
    }
    if l.pointee.rowOperationCount > 0 {
      if l.pointee.rank > 0 { aim(l.pointee.rowOperations, l.pointee.rowOperationCount, l) }
      steps(l.pointee.rowOperations, l.pointee.rowOperationCount, l, 1, 8)
    }
    if l.pointee.vectors <= l.pointee.tileVectors {
      if l.pointee.rank > 0 { aim(l.pointee.operations, l.pointee.operationCount, l) }
      steps(l.pointee.operations, l.pointee.operationCount, l, l.pointee.vectors, l.pointee.doubles)
    } else {
      var left = l.pointee.doubles
      while left > 0 {
        let count = Swift.min(left, l.pointee.tileVectors * 8)
        aim(l.pointee.operations, l.pointee.operationCount, l)
        steps(l.pointee.operations, l.pointee.operationCount, l, (count + 7) / 8, count)
        left -= count
        if left > 0 { for s in 0..<l.pointee.streamCount { l.pointee.table[s] += l.pointee.tileSteps[s] } }
      }
      if l.pointee.rank == 0 { for s in 0..<l.pointee.streamCount { l.pointee.table[s] = l.pointee.bases[s] } }
    }
    for e in 0..<l.pointee.endCount where l.pointee.ends[e].accumulator >= 0 {
      let end = l.pointee.ends[e]
      LoopReductions.finish(
        end.reducer, l.pointee.table[end.accumulator], l.pointee.table[end.stream], l.pointee.lanes, repeats: end.repeats)
    }
  }

  /// Steps with the pointers of the tile in place.
  @inline(always)
  private static func steps(
    _ first: UnsafeMutablePointer<RuntimeStep>, _ stepCount: Int, _ l: UnsafeMutablePointer<RuntimeLoop>, _ n: Int, _ count: Int
  ) {
    for index in 0..<stepCount { StepRunner.tile(first + index, n, count, lanes: l.pointee.lanes, isExact: l.pointee.isExact) }
  }

  /// Puts the pointers of the present row and tile into the steps.
  @inline(always)
  private static func aim(_ first: UnsafeMutablePointer<RuntimeStep>, _ stepCount: Int, _ l: UnsafeMutablePointer<RuntimeLoop>) {
    for index in 0..<stepCount {
      let operation = first[index].operation
      first[index].d = l.pointee.table[Int(operation.dst)]
      first[index].a = l.pointee.table[Int(operation.a)]
      first[index].b = l.pointee.table[Int(operation.b)]
      first[index].c = l.pointee.table[Int(operation.c)]
    }
  }
}
