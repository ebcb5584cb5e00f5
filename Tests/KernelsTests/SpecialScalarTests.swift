import Foundation
import Kernels
import Testing

/// Incomplete gamma and beta functions, their derivatives in the parameters, quantiles, polygamma, Bessel and Student's t against mpmath
/// (derivatives: five-point differences in 60 digits), and the laws between them.
struct SpecialScalarTests {
  static func worst(_ table: OracleTable, column: Int, _ f: ([Double]) -> Double) -> (error: Double, record: [Double]) {
    var worst = (error: -1.0, record: [Double]())
    for record in table.records {
      let e = OracleTable.relative(f(record), record[column])
      if !(e <= worst.error) { worst = (e, record + [f(record)]) }
    }
    return worst
  }

  @Test(arguments: ["P", "Q", "dP/da", "dz/da"])
  func gammaTails(_ quantity: String) {
    #expect(OracleTable.gammaTails.records.count >= 190)
    let (column, bound, f): (Int, Double, (Double, Double) -> Double) =
      switch quantity {
      case "P": (2, 1e-13, { Special.gammaP($0, $1) })
      case "Q": (3, 1e-13, { Special.gammaQ($0, $1) })
      case "dP/da": (4, 1e-12, { Special.gammaPShapeDerivative($0, $1) })
      default: (5, 1e-12, { Special.gammaDrawDerivative(shape: $0, $1) })
      }
    let worst = Self.worst(.gammaTails, column: column) { f($0[0], $0[1]) }
    #expect(worst.error <= bound, "\(worst.record)")
  }

  @Test(arguments: ["I", "dx/da", "dx/db"])
  func betaTails(_ quantity: String) {
    #expect(OracleTable.betaTails.records.count >= 200)
    let (column, bound, f): (Int, Double, (Double, Double, Double) -> Double) =
      switch quantity {
      case "I": (3, 1e-13, { Special.incompleteBeta($0, $1, $2) })
      case "dx/da": (4, 1e-11, { Special.betaDrawDerivative($0, $1, $2).a })
      default: (5, 1e-11, { Special.betaDrawDerivative($0, $1, $2).b })
      }
    let worst = Self.worst(.betaTails, column: column) { f($0[0], $0[1], $0[2]) }
    #expect(worst.error <= bound, "\(worst.record)")
  }

  @Test func normalQuantile() {
    #expect(OracleTable.normalQuantile.records.count >= 200)
    let worst = Self.worst(.normalQuantile, column: 1) { Special.normalQuantile($0[0]) }
    #expect(worst.error <= 1e-15, "\(worst.record)")
    #expect(Special.normalQuantile(0) == -.infinity && Special.normalQuantile(1) == .infinity)
    #expect(Special.normalQuantile(-0.1).isNaN && Special.normalQuantile(1.1).isNaN && Special.normalQuantile(.nan).isNaN)
  }

  /// log Φ(Φ⁻¹(eˡ)) = l, far beyond the smallest double.
  @Test(arguments: [-1e-3, -0.5, -1, -10, -800, -1e6, -1e14])
  func normalQuantileOfLogProbability(l: Double) {
    let z = Special.normalQuantile(logProbability: l)
    // The slope of log Φ is bounded by 2 + |z|.
    #expect(abs(Special.logNormalCDF(z) - l) <= 4e-16 * (1 + abs(z)) * (2 + abs(z)))
  }

  @Test(arguments: [1e-200, 1e-9, 0.1, 0.49, 0.51, 0.9, 0.999999])
  func erfInverseInvertsErf(x: Double) {
    let y = Special.erfInverse(x)
    let slope = 1.1283791670955126 * exp(-y * y)
    #expect(abs(Special.erf(y) - x) <= 4e-16 * (x + y * slope))
    #expect(Special.erfInverse(-x) == -y)
  }

  @Test(arguments: [1e-3, 0.01, 0.3, 1, 4, 14, 30, 1e3])
  func gammaQuantilesInvertTheTails(a: Double) {
    for p in [1e-300, 1e-20, 1e-5, 0.01, 0.3, 0.5, 0.7, 0.99] {
      // The relative slope z·p(z)/P times the last bits of z, and the error of the tail itself.
      let z = Special.gammaQuantile(shape: a, p)
      if z > 1e-300 { #expect(OracleTable.relative(Special.gammaP(a, z), p) <= 1e-12) }
      let upper = Special.gammaQuantile(shape: a, upper: p)
      if upper > 1e-300 { #expect(OracleTable.relative(Special.gammaQ(a, upper), p) <= 1e-12) }
    }
  }

  @Test(arguments: [0.01, 0.3, 1, 4, 14, 30, 1e3])
  func betaQuantileInvertsTheDistribution(a: Double) {
    for b in [0.01, 0.3, 1, 4, 14, 30, 1e3] {
      for p in [1e-300, 1e-20, 1e-5, 0.01, 0.3, 0.5, 0.7, 0.99] {
        let x = Special.betaQuantile(a, b, p)
        // Near 1 a double no longer tells 1 − x.
        if x > 1e-300 && x < 0.999 { #expect(OracleTable.relative(Special.incompleteBeta(a, b, x), p) <= 1e-12) }
      }
    }
  }

  /// ∂P/∂a and the draw's derivative are the same statement; so for the beta distribution.
  @Test func derivativesOfTheDistributionFunctions() {
    for record in OracleTable.betaTails.records {
      let (a, b, x) = (record[0], record[1], record[2])
      let derivatives = Special.incompleteBetaDerivatives(a, b, x)
      let density = exp((a - 1) * log(x) + (b - 1) * log1p(-x) - Special.logBeta(a, b))
      #expect(OracleTable.relative(derivatives.a, -record[4] * density) <= 1e-9)
      #expect(OracleTable.relative(derivatives.b, -record[5] * density) <= 1e-9)
    }
  }

  @Test func tailsInLogarithms() {
    // log P(4, 10⁻¹⁰⁰) = 4·log z − log 4! − …, log Q(2, 1000) = log(1 + z) − z: both below the smallest double.
    #expect(OracleTable.relative(Special.logGammaP(4, 1e-100), -400 * log(10.0) - log(24.0)) <= 1e-14)
    #expect(OracleTable.relative(Special.logGammaQ(2, 1000), log(1001.0) - 1000) <= 1e-14)
    #expect(OracleTable.relative(Special.logIncompleteBeta(5, 1, 1e-80, complement: 1), -400 * log(10.0)) <= 1e-14)
  }

  @Test func polygammaBesselStudent() {
    let polygamma = Self.worst(.polygamma, column: 2) { Special.polygamma(Int($0[0]), $0[1]) }
    #expect(OracleTable.polygamma.records.count >= 200 && polygamma.error <= 1e-14, "\(polygamma.record)")
    // log I₀ is small near 0 and log I₁ crosses 0: relative to the value, with 1e-15 absolute.
    for record in OracleTable.bessel.records {
      #expect(abs(Special.logBesselI0(record[0]) - record[1]) <= 1e-14 * abs(record[1]) + 1e-15)
      #expect(abs(Special.logBesselI1(record[0]) - record[2]) <= 1e-14 * abs(record[2]) + 1e-15)
    }
    let student = Self.worst(.studentT, column: 2) { Special.studentTCDF($0[1], degreesOfFreedom: $0[0]) }
    #expect(OracleTable.studentT.records.count >= 200 && student.error <= 1e-13, "\(student.record)")
  }

  /// log(1 − eˣ) (mpmath): 3 ulp, on both sides of the place where its two forms meet.
  @Test(arguments: [
    (-1e-300, -690.7755278982137), (-1e-17, -39.14394658089878), (-1e-10, -23.025850929990458), (-0.001, -6.908255237315471),
    (-0.1, -2.3521684610440907), (-0.3, -1.3502256128148467), (-0.5, -0.9327521295671886), (-0.6, -0.7958703683463196),
    (-0.69, -0.6963042971440567), (-0.693, -0.6932943827851966), (-0.6931471805599453, -0.6931471805599453),
    (-0.6931471805599454, -0.6931471805599452), (-0.7, -0.6863410028083852), (-0.75, -0.639353465040354), (-0.9, -0.5218354429087223),
    (-1.0, -0.4586751453870819), (-1.5, -0.252482458925454), (-2.0, -0.14541345786885906), (-5.0, -0.006760749449488557),
    (-10.0, -4.540096037048921e-05), (-30.0, -9.357622968840613e-14), (-36.7, -1.1518409493076097e-16),
    (-100.0, -3.720075976020836e-44), (-700.0, -9.85967654375977e-305),
  ])
  func log1mexp(x: Double, reference: Double) { #expect(OracleTable.ulps(Special.log1mexp(x), reference) <= 3) }

  @Test func endsAndDomains() {
    #expect(
      Special.gammaP(2, 0) == 0 && Special.gammaP(2, .infinity) == 1 && Special.gammaQ(2, 0) == 1 && Special.gammaQ(2, .infinity) == 0)
    #expect(Special.gammaP(0, 1).isNaN && Special.gammaP(1, -1).isNaN && Special.gammaP(.nan, 1).isNaN && Special.gammaQ(1, .nan).isNaN)
    #expect(Special.incompleteBeta(2, 3, 0) == 0 && Special.incompleteBeta(2, 3, 1) == 1 && Special.incompleteBeta(2, 0, 0.5).isNaN)
    #expect(Special.gammaDrawDerivative(shape: 2, 0) == 0 && Special.gammaDrawDerivative(shape: 2, .nan).isNaN)
    #expect(Special.gammaQuantile(shape: 2, 0) == 0 && Special.gammaQuantile(shape: 2, 1) == .infinity)
    #expect(Special.betaQuantile(2, 2, 0) == 0 && Special.betaQuantile(2, 2, 1) == 1 && Special.betaQuantile(2, 2, 2).isNaN)
    #expect(Special.log1mexp(0) == -.infinity && Special.log1mexp(-.infinity) == 0)
    #expect(OracleTable.relative(Special.log1mexp(-1e-10), log(1e-10) - 0.5e-10) <= 1e-15)
  }
}
