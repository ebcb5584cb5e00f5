import Foundation
import Kernels
import Testing

/// Each elementary function held to the bound at the head of its file, against values made in 50 digits (`Oracles/generate.py`).
struct ElementaryTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let table: OracleTable
    let bound: Double
    let function: @Sendable (Vector8) -> Vector8
    var testDescription: String { name }
  }

  static let cases = [
    Case(name: "exp", table: .exp, bound: 1) { SIMDMath.exp($0) },
    Case(name: "expm1", table: .expm1, bound: 2) { SIMDMath.expm1($0) },
    Case(name: "log", table: .log, bound: 1) { SIMDMath.log($0) },
    Case(name: "log1p", table: .log1p, bound: 1) { SIMDMath.log1p($0) },
    Case(name: "tanh", table: .tanh, bound: 2) { SIMDMath.tanh($0) },
    Case(name: "logistic", table: .logistic, bound: 2) { SIMDMath.logistic($0) },
    Case(name: "softplus", table: .softplus, bound: 2) { SIMDMath.softplus($0) },
    Case(name: "sin", table: .sin, bound: 1) { SIMDMath.sin($0) },
    Case(name: "cos", table: .cos, bound: 1) { SIMDMath.cos($0) },
    Case(name: "tan", table: .tan, bound: 2) { SIMDMath.tan($0) },
    Case(name: "atan", table: .atan, bound: 2) { SIMDMath.atan($0) },
    Case(name: "asin", table: .asin, bound: 4) { SIMDMath.asin($0) },
    Case(name: "acos", table: .acos, bound: 4) { SIMDMath.acos($0) },
    Case(name: "sinh", table: .sinh, bound: 3) { SIMDMath.sinh($0) },
    Case(name: "cosh", table: .cosh, bound: 3) { SIMDMath.cosh($0) },
    Case(name: "asinh", table: .asinh, bound: 4) { SIMDMath.asinh($0) },
    Case(name: "acosh", table: .acosh, bound: 4) { SIMDMath.acosh($0) },
    Case(name: "atanh", table: .atanh, bound: 4) { SIMDMath.atanh($0) },
  ]

  @Test(arguments: cases)
  func holdsItsBound(_ test: Case) {
    #expect(test.table.records.count >= 200)
    let worst = test.table.worst { x, _ in test.function(x) }
    #expect(worst.error <= test.bound, "\(test.name): \(worst.record)")
  }

  @Test func powHoldsItsBound() {
    #expect(OracleTable.pow.records.count >= 200)
    let worst = OracleTable.pow.worst { SIMDMath.pow($0, $1) }
    #expect(worst.error <= 1, "\(worst.record)")
  }

  /// Value at ±0, ±∞, NaN, ±1 and the ends of the domain, sign of zero included.
  @Test(
    arguments: [
      ("exp", [1, 1, .infinity, 0, .nan, 2.718281828459045, 0, .infinity]),
      ("expm1", [0, -0.0, .infinity, -1, .nan, 1.718281828459045, -1, .infinity]),
      ("log", [-.infinity, -.infinity, .infinity, .nan, .nan, 0, .nan, 709.782712893384]),
      ("log1p", [0, -0.0, .infinity, .nan, .nan, 0.6931471805599453, .nan, 709.782712893384]),
      ("tanh", [0, -0.0, 1, -1, .nan, 0.7615941559557649, -1, 1]),
      ("logistic", [0.5, 0.5, 1, 0, .nan, 0.7310585786300049, 0, 1]),
      ("softplus", [0.6931471805599453, 0.6931471805599453, .infinity, 0, .nan, 1.3132616875182228, 0, .greatestFiniteMagnitude]),
      ("sin", [0, -0.0, .nan, .nan, .nan, 0.8414709848078965, -0.004961954789184062, 0.004961954789184062]),
      ("cos", [1, 1, .nan, .nan, .nan, 0.5403023058681398, -0.9999876894265599, -0.9999876894265599]),
      ("tan", [0, -0.0, .nan, .nan, .nan, 1.557407724654902, 0.004962015874444895, -0.004962015874444895]),
      ("atan", [0, -0.0, .pi / 2, -.pi / 2, .nan, .pi / 4, -.pi / 2, .pi / 2]),
      ("asin", [0, -0.0, .nan, .nan, .nan, .pi / 2, .nan, .nan]),
      ("acos", [.pi / 2, .pi / 2, .nan, .nan, .nan, 0, .nan, .nan]),
      ("sinh", [0, -0.0, .infinity, -.infinity, .nan, 1.1752011936438014, -.infinity, .infinity]),
      ("cosh", [1, 1, .infinity, .infinity, .nan, 1.5430806348152437, .infinity, .infinity]),
      ("asinh", [0, -0.0, .infinity, -.infinity, .nan, 0.881373587019543, -710.4758600739439, 710.4758600739439]),
      ("acosh", [.nan, .nan, .infinity, .nan, .nan, 0, .nan, 710.4758600739439]),
      ("atanh", [0, -0.0, .nan, .nan, .nan, .infinity, .nan, .nan]),
    ] as [(String, [Double])])
  func edges(name: String, expected: [Double]) throws {
    let test = try #require(Self.cases.first { $0.name == name })
    let big = Double.greatestFiniteMagnitude
    let value = test.function(Vector8(0, -0.0, .infinity, -.infinity, .nan, 1, -big, big))
    for lane in 0..<8 {
      #expect(OracleTable.ulps(value[lane], expected[lane]) <= test.bound, "\(name), lane \(lane): \(value[lane])")
    }
  }

  /// The bits of a lane are the same whatever stands beside it, an extraordinary neighbour included.
  @Test(arguments: cases)
  func lanesAreIndependent(_ test: Case) {
    let disturbing: [Double] = [1e300, -1e300, .nan, .infinity, 0, -0.5, 0x1p-1060]
    for record in test.table.records.prefix(64) {
      let alone = test.function(Vector8(repeating: record[0]))[3]
      for neighbour in disturbing {
        var x = Vector8(repeating: neighbour)
        x[3] = record[0]
        let value = test.function(x)[3]
        #expect(value.bitPattern == alone.bitPattern || (value.isNaN && alone.isNaN))
      }
    }
  }

  /// The special cases of IEEE 754 `pow`, in the mixed company of ordinary lanes.
  @Test func powSpecialCases() {
    let x = Vector8(-2, 0, -0.0, .infinity, -8, 1, .nan, 2)
    let y = Vector8(3, -2, -3, 0.5, 1.0 / 3, .nan, 0, 10)
    let expected: [Double] = [-8, .infinity, -.infinity, .infinity, .nan, 1, 1, 1024]
    let value = SIMDMath.pow(x, y)
    for lane in 0..<8 { #expect(OracleTable.ulps(value[lane], expected[lane]) == 0) }
  }

  @Test func squareRootIsRoundedCorrectly() {
    let value = SIMDMath.sqrt(Vector8(2, -1, 0, -0.0, .infinity, 0x1p-1060, 0x1p996, 3))
    let expected: [Double] = [0x1.6a09e667f3bcdp0, .nan, 0, -0.0, .infinity, 0x1p-530, 0x1p498, 0x1.bb67ae8584caap0]
    for lane in 0..<8 { #expect(OracleTable.ulps(value[lane], expected[lane]) == 0) }
  }
}
