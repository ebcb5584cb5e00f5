/// Sorting of draws.
enum DrawOrder {
  private static let digitBits = 11
  private static let radix = 1 << digitBits

  /// The indices that sort finite `values` ascending; equal values keep their order (−0 equals +0).
  ///
  /// Radix sort on the order-preserving integer image of a double, three digits of 11 bits below the highest bit in which the values differ;
  /// what these 33 bits leave unordered is mended by insertion. Where that would be long (values in clusters), all digits are sorted.
  static func ascending(_ values: [Double]) -> [Int32] {
    let n = values.count
    guard n > 1 else { return n == 1 ? [0] : [] }
    var keys = [UInt64](repeating: 0, count: n)
    var differing: UInt64 = 0
    for i in 0..<n {
      let bits = (values[i] == 0 ? 0.0 : values[i]).bitPattern
      keys[i] = bits >> 63 == 1 ? ~bits : bits | 1 << 63
      differing |= keys[i] ^ keys[0]
    }
    var order = (0..<Int32(n)).map { $0 }
    let width = 64 - differing.leadingZeroBitCount
    let top = max(width - 3 * digitBits, 0)
    sort(&keys, &order, from: top, to: width)
    if top > 0 && !mend(&keys, &order, budget: 16 * n) {
      for i in 0..<n { order[i] = Int32(i) }
      for i in 0..<n {
        let bits = (values[i] == 0 ? 0.0 : values[i]).bitPattern
        keys[i] = bits >> 63 == 1 ? ~bits : bits | 1 << 63
      }
      sort(&keys, &order, from: 0, to: width)
    }
    return order
  }

  /// Stable sort by the bits `from` ..< `to`, least digit first.
  private static func sort(_ keys: inout [UInt64], _ order: inout [Int32], from: Int, to: Int) {
    let n = keys.count
    var otherKeys = keys
    var otherOrder = order
    var counts = [Int32](repeating: 0, count: radix)
    for shift in stride(from: from, to: to, by: digitBits) {
      keys.withUnsafeBufferPointer { source in
        order.withUnsafeBufferPointer { sourceOrder in
          otherKeys.withUnsafeMutableBufferPointer { target in
            otherOrder.withUnsafeMutableBufferPointer { targetOrder in
              counts.withUnsafeMutableBufferPointer { counts in
                counts.update(repeating: 0)
                for i in 0..<n { counts[Int(truncatingIfNeeded: source[i] &>> UInt64(shift)) & (radix - 1)] &+= 1 }
                var start: Int32 = 0
                for k in 0..<radix {
                  let count = counts[k]
                  counts[k] = start
                  start &+= count
                }
                for i in 0..<n {
                  let digit = Int(truncatingIfNeeded: source[i] &>> UInt64(shift)) & (radix - 1)
                  let slot = Int(counts[digit])
                  counts[digit] &+= 1
                  target[slot] = source[i]
                  targetOrder[slot] = sourceOrder[i]
                }
              }
            }
          }
        }
      }
      swap(&keys, &otherKeys)
      swap(&order, &otherOrder)
    }
  }

  /// Insertion sort of nearly sorted keys; false when more than `budget` moves were needed.
  private static func mend(_ keys: inout [UInt64], _ order: inout [Int32], budget: Int) -> Bool {
    keys.withUnsafeMutableBufferPointer { keys in
      order.withUnsafeMutableBufferPointer { order in
        var moves = 0
        for i in 1..<keys.count where keys[i] < keys[i - 1] {
          let key = keys[i]
          let index = order[i]
          var k = i
          while k > 0 && keys[k - 1] > key {
            keys[k] = keys[k - 1]
            order[k] = order[k - 1]
            k -= 1
          }
          keys[k] = key
          order[k] = index
          moves += i - k
          if moves > budget { return false }
        }
        return true
      }
    }
  }
}
