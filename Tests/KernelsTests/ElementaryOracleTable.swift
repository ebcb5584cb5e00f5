import Kernels

/// Reference values made by `Oracles/generate.py`: records of `width` doubles as hexadecimal bit patterns, arguments first.
struct OracleTable: Sendable {
  let records: [[Double]]

  init(width: Int, _ text: String) {
    let digits = Array(text.utf8)
    let values = stride(from: 0, to: digits.count - 15, by: 16).map { start in
      Double(bitPattern: digits[start..<start + 16].reduce(0) { $0 << 4 | UInt64($1 < 58 ? $1 - 48 : $1 - 87) })
    }
    records = stride(from: 0, to: values.count - width + 1, by: width).map { Array(values[$0..<$0 + width]) }
  }

  /// The distance between a value and its correctly rounded reference in units in the reference's last place; signs of zero count, two
  /// NaNs agree, and nothing else is near an infinity or a NaN.
  static func ulps(_ value: Double, _ reference: Double) -> Double {
    if value.isNaN && reference.isNaN { return 0 }
    if value == reference { return value.sign == reference.sign ? 0 : 1 }
    guard value.isFinite, reference.isFinite else { return .infinity }
    return abs(value - reference) / max(reference.ulp, .leastNonzeroMagnitude)
  }

  static func relative(_ value: Double, _ reference: Double) -> Double {
    value == reference ? 0 : abs(value - reference) / abs(reference)
  }

  /// The largest error of a function of one or two vectors over the table, each record evaluated in some lane beside its neighbours, and the
  /// record where it occurs.
  func worst(
    by error: (Double, Double) -> Double = OracleTable.ulps, _ function: (Vector8, Vector8) -> Vector8
  ) -> (error: Double, record: [Double]) {
    var worst = (error: -1.0, record: [Double]())
    for start in stride(from: 0, to: records.count, by: 8) {
      let block = records[start..<min(start + 8, records.count)]
      var x = Vector8(repeating: 1)
      var y = Vector8(repeating: 1)
      for (lane, record) in block.enumerated() {
        x[lane] = record[0]
        y[lane] = record[1]
      }
      let value = function(x, y)
      for (lane, record) in block.enumerated() {
        let e = error(value[lane], record[record.count - 1])
        if !(e <= worst.error) { worst = (e, record + [value[lane]]) }
      }
    }
    return worst
  }
}
