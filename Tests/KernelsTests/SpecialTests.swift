import Foundation
import Kernels
import Testing

/// Each special function held to the bound at the head of its file, against values made in 50 digits (`Oracles/generate.py`).
struct SpecialTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let table: OracleTable
    let bound: Double
    let function: @Sendable (Vector8) -> Vector8
    var testDescription: String { name }
  }

  /// Bounds in ulps.
  static let errorFunctions = [
    Case(name: "erf", table: .erf, bound: 2) { SIMDMath.erf($0) },
    Case(name: "erfc", table: .erfc, bound: 4) { SIMDMath.erfc($0) },
    Case(name: "erfcx", table: .erfcx, bound: 4) { SIMDMath.erfcx($0) },
    Case(name: "normalCDF", table: .normalCDF, bound: 4) { SIMDMath.normalCDF($0) },
    Case(name: "logNormalCDF", table: .logNormalCDF, bound: 4) { SIMDMath.logNormalCDF($0) },
  ]

  /// Bounds relative.
  static let gammaFunctions = [
    Case(name: "logGamma", table: .logGamma, bound: 4e-15) { SIMDMath.logGamma($0) },
    Case(name: "digamma", table: .digamma, bound: 2e-15) { SIMDMath.digamma($0) },
    Case(name: "trigamma", table: .trigamma, bound: 1e-15) { SIMDMath.trigamma($0) },
  ]

  @Test(arguments: errorFunctions)
  func holdsItsBoundInUlps(_ test: Case) {
    #expect(test.table.records.count >= 200)
    let worst = test.table.worst { x, _ in test.function(x) }
    #expect(worst.error <= test.bound, "\(test.name): \(worst.record)")
  }

  @Test(arguments: gammaFunctions)
  func holdsItsRelativeBound(_ test: Case) {
    #expect(test.table.records.count >= 200)
    let worst = test.table.worst(by: OracleTable.relative) { x, _ in test.function(x) }
    #expect(worst.error <= test.bound, "\(test.name): \(worst.record)")
  }

  @Test(arguments: errorFunctions + gammaFunctions)
  func lanesAreIndependent(_ test: Case) {
    for record in test.table.records.prefix(64) {
      let alone = test.function(Vector8(repeating: record[0]))[3]
      for neighbour in [1e300, -1e300, .nan, .infinity, 0, -0.5, 0x1p-1060] as [Double] {
        var x = Vector8(repeating: neighbour)
        x[3] = record[0]
        #expect(test.function(x)[3].bitPattern == alone.bitPattern)
      }
    }
  }

  /// 1e-14 relative to 1 + |log B|: B passes 1 inside the table.
  @Test func logBeta() {
    #expect(OracleTable.logBeta.records.count >= 200)
    let worst = OracleTable.logBeta.worst(by: { abs($0 - $1) / (1 + abs($1)) }) { SIMDMath.logBeta($0, $1) }
    #expect(worst.error <= 1e-14, "\(worst.record)")
  }

  /// Values at 0, −0, 1, ∞, −∞, NaN, −1, 2.
  @Test(
    arguments: [
      ("erf", [0, -0.0, 0.8427007929497149, 1, -1, .nan, -0.8427007929497149, 0.9953222650189527]),
      ("erfc", [1, 1, 0.15729920705028513, 0, 2, .nan, 1.842700792949715, 0.004677734981047266]),
      ("erfcx", [1, 1, 0.427583576155807, 0, .infinity, .nan, 5.008980080762283, 0.2553956763105057]),
      ("normalCDF", [0.5, 0.5, 0.8413447460685429, 1, 0, .nan, 0.15865525393145705, 0.9772498680518208]),
      (
        "logNormalCDF",
        [-0.6931471805599453, -0.6931471805599453, -0.1727537790234499, 0, -.infinity, .nan, -1.8410216450092636, -0.023012909328963488]
      ),
      ("logGamma", [.infinity, .infinity, 0, .infinity, .infinity, .nan, .infinity, 0]),
      ("digamma", [-.infinity, .infinity, -0.5772156649015329, .infinity, .nan, .nan, .nan, 0.42278433509846713]),
      ("trigamma", [.infinity, .infinity, 1.6449340668482264, 0, .nan, .nan, .infinity, 0.6449340668482264]),
    ] as [(String, [Double])])
  func edges(name: String, expected: [Double]) throws {
    let test = try #require((Self.errorFunctions + Self.gammaFunctions).first { $0.name == name })
    let value = test.function(Vector8(0, -0.0, 1, .infinity, -.infinity, .nan, -1, 2))
    for lane in 0..<8 {
      let agree = value[lane] == expected[lane] || OracleTable.ulps(value[lane], expected[lane]) <= 4
      #expect(agree, "\(name), lane \(lane): \(value[lane])")
    }
  }

  /// log |Γ|, ψ and ψ′ below 0 (mpmath): near poles, between them, and tiny.
  @Test(arguments: [
    (-0.5, 1.2655121234846454, 0.03648997397857652, 8.934802200544679),
    (-1e-20, 46.051701859880914, 1e20, 1.0000000000000002e40),
    (-2.5, -0.056243716497674054, 1.103156640645243, 9.539246644989124),
    (-10.25, -14.20399790093109, 5.516858419886273, 19.646252424622652),
    (-3.0000001, 14.326336057755093, 10000001.272483157, 100000000327318.78),
    (-100.75, -365.7084850179313, 1.476004116748551, 19.72933233925096),
  ])
  func reflection(x: Double, logGamma: Double, digamma: Double, trigamma: Double) {
    #expect(abs(Special.logGamma(x) - logGamma) <= 1e-14 * max(10, abs(logGamma)))
    #expect(OracleTable.relative(Special.digamma(x), digamma) <= 1e-14)
    #expect(OracleTable.relative(Special.trigamma(x), trigamma) <= 1e-14)
  }
}
