import Kernels

/// Parts behind one another along an axis.
struct Concatenate: HeavyInstruction {
  let parts: [Slot]
  /// Elements that each part has for one index of the axes before.
  let inner: [Int]
  let outer: Int
  let out: Slot

  func run(_ executor: Executor, _ own: AnyObject?) {
    let width = out.width(executor)
    var target = out.pointer(executor)
    for row in 0..<outer {
      for (index, part) in parts.enumerated() {
        let count = inner[index]
        let source = part.pointer(executor)
        if part.isLaned || width == 1 {
          target.update(from: source + row * count * width, count: count * width)
        } else {
          for i in 0..<count { for lane in 0..<width { target[i * width + lane] = source[row * count + i] } }
        }
        target += count * width
      }
    }
    out.spread(executor)
  }
}

/// Zeros with the source at `starts`.
struct Pad: HeavyInstruction {
  let source: Slot
  let shape: [Int]
  let starts: [Int]
  let strides: [Int]
  let out: Slot

  func run(_ executor: Executor, _ own: AnyObject?) {
    let width = out.width(executor)
    let target = out.pointer(executor)
    target.update(repeating: 0, count: out.count * width)
    let from = source.pointer(executor)
    let last = shape.last ?? 1
    let rows = shape.dropLast().reduce(1, *)
    for row in 0..<rows {
      var rest = row
      var place = zip(starts, strides).reduce(0) { $0 + $1.0 * $1.1 }
      for axis in shape.indices.dropLast().reversed() {
        place += (rest % shape[axis]) * strides[axis]
        rest /= shape[axis]
      }
      (target + place * width).update(from: from + row * last * width, count: last * width)
    }
    out.spread(executor)
  }
}

/// Rows of a table [outer, size, inner] at indices: [outer, indices, inner].
struct GatherRows: HeavyInstruction {
  let table: Slot
  let indices: Slot
  let outer: Int
  let size: Int
  let inner: Int
  let out: Slot

  func run(_ executor: Executor, _ own: AnyObject?) {
    let width = out.width(executor)
    let from = table.pointer(executor)
    let index = indices.pointer(executor)
    let to = out.pointer(executor)
    let count = indices.count
    for o in 0..<outer {
      for i in 0..<count {
        let target = to + (o * count + i) * inner * width
        for lane in 0..<(indices.isLaned ? width : 1) {
          let k = index[indices.isLaned ? i * width + lane : i]
          let isLegal = k >= 0 && k < Double(size) && k.rounded(.down) == k
          if indices.isLaned || !(table.isLaned || width == 1) {
            for r in 0..<inner {
              for l in indices.isLaned ? lane..<(lane + 1) : 0..<width {
                let place = (o * size + (isLegal ? Int(k) : 0)) * inner + r
                target[r * width + l] = isLegal ? from[table.isLaned ? place * width + l : place] : .nan
              }
            }
          } else if isLegal {
            target.update(from: from + (o * size + Int(k)) * inner * width, count: inner * width)
          } else {
            target.update(repeating: .nan, count: inner * width)
          }
        }
      }
    }
    out.spread(executor)
  }
}

/// out[o, k, r] = Σ over i with indices[i] = k of updates[o, i, r]. Known indices are grouped beforehand; each group is added in four partial
/// sums by position modulo four, whatever the number of lanes.
struct ScatterAdd: HeavyInstruction {
  let updates: Slot
  let indices: Slot
  /// The indices, where they are data.
  let constant: [Double]?
  let outer: Int
  let size: Int
  let inner: Int
  let out: Slot

  /// Positions sorted by index, and where each index's begin.
  final class Groups {
    let memory = LoopMemory()
    let starts: UnsafeMutablePointer<Int>
    let positions: UnsafeMutablePointer<Int>
    /// Whether positions are 0, 1, 2, …
    let isOrdered: Bool
    init(_ indices: [Int], _ size: Int) {
      var counts = [Int](repeating: 0, count: size + 1)
      for k in indices { counts[k + 1] += 1 }
      for k in 0..<size { counts[k + 1] += counts[k] }
      starts = memory.copy(counts)
      var next = counts
      var order = [Int](repeating: 0, count: indices.count)
      for (position, k) in indices.enumerated() {
        order[next[k]] = position
        next[k] += 1
      }
      isOrdered = order == Array(0..<order.count)
      positions = memory.copy(order)
    }
  }

  func prepare(_ executor: Executor) -> AnyObject? {
    guard let constant, constant.allSatisfy({ $0 >= 0 && $0 < Double(size) && $0.rounded() == $0 }) else { return nil }
    return Groups(constant.map { Int($0) }, size)
  }

  func run(_ executor: Executor, _ own: AnyObject?) {
    let width = out.width(executor)
    let from = updates.pointer(executor)
    let to = out.pointer(executor)
    let count = indices.count
    let run = inner * width
    if let own, updates.isLaned || width == 1 {
      let groups = unsafeDowncast(own, to: Groups.self)
      for o in 0..<outer {
        let source = from + o * count * run
        let target = to + o * size * run
        if run == 1 { sumSingles(groups, source, target) } else { sumRuns(groups, source, target, run) }
      }
    } else {
      to.update(repeating: 0, count: outer * size * run)
      let index = indices.pointer(executor)
      for o in 0..<outer {
        for i in 0..<count {
          for r in 0..<run {
            let k = index[indices.isLaned ? i * width + r % width : i]
            guard k >= 0, k < Double(size), k.rounded(.down) == k else { continue }
            to[(o * size + Int(k)) * run + r] +=
              from[updates.isLaned || width == 1 ? (o * count + i) * run + r : (o * count + i) * inner + r / width]
          }
        }
      }
    }
    out.spread(executor)
  }

  @inline(always)
  private func sumSingles(_ groups: Groups, _ source: UnsafeMutablePointer<Double>, _ target: UnsafeMutablePointer<Double>) {
    let starts = groups.starts
    let positions = groups.positions
    let isOrdered = groups.isOrdered
    for k in 0..<size {
      var i = starts[k]
      let end = starts[k + 1]
      var sum = SIMD4<Double>(repeating: 0)
      if isOrdered {
        while i + 4 <= end {
          sum += UnsafeRawPointer(source + i).loadUnaligned(as: SIMD4<Double>.self)
          i += 4
        }
      } else {
        while i + 4 <= end {
          sum += SIMD4(source[positions[i]], source[positions[i + 1]], source[positions[i + 2]], source[positions[i + 3]])
          i += 4
        }
      }
      for slot in 0..<(end - i) { sum[slot] += source[isOrdered ? i + slot : positions[i + slot]] }
      target[k] = (sum[0] + sum[2]) + (sum[1] + sum[3])
    }
  }

  @inline(always)
  private func sumRuns(_ groups: Groups, _ source: UnsafeMutablePointer<Double>, _ target: UnsafeMutablePointer<Double>, _ run: Int) {
    for k in 0..<size {
      let start = groups.starts[k]
      let end = groups.starts[k + 1]
      var r = 0
      while r + 8 <= run {
        var sums = (Vector8(repeating: 0), Vector8(repeating: 0), Vector8(repeating: 0), Vector8(repeating: 0))
        var i = start
        func item(_ i: Int) -> Vector8 { UnsafeRawPointer(source + groups.positions[i] * run + r).loadUnaligned(as: Vector8.self) }
        while i + 4 <= end {
          sums.0 += item(i)
          sums.1 += item(i + 1)
          sums.2 += item(i + 2)
          sums.3 += item(i + 3)
          i += 4
        }
        if i < end { sums.0 += item(i) }
        if i + 1 < end { sums.1 += item(i + 1) }
        if i + 2 < end { sums.2 += item(i + 2) }
        UnsafeMutableRawPointer(target + k * run + r).storeBytes(of: (sums.0 + sums.2) + (sums.1 + sums.3), as: Vector8.self)
        r += 8
      }
      while r < run {
        var sum = SIMD4<Double>(repeating: 0)
        for i in start..<end { sum[(i - start) & 3] += source[groups.positions[i] * run + r] }
        target[k * run + r] = (sum[0] + sum[2]) + (sum[1] + sum[3])
        r += 1
      }
    }
  }
}

/// Running sums along an axis of [outer, length, inner].
struct CumulativeSum: HeavyInstruction {
  let source: Slot
  let outer: Int
  let length: Int
  let inner: Int
  let reversed: Bool
  let out: Slot

  func run(_ executor: Executor, _ own: AnyObject?) {
    let run = inner * out.width(executor)
    let from = source.pointer(executor)
    let to = out.pointer(executor)
    for o in 0..<outer {
      for r in 0..<run {
        var sum = 0.0
        for i in 0..<length {
          let place = (o * length + (reversed ? length - 1 - i : i)) * run + r
          sum += from[place]
          to[place] = sum
        }
      }
    }
    out.spread(executor)
  }
}
