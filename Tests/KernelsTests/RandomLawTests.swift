import Foundation
import Kernels
import Testing

/// Continuous samplers against their distribution functions.
struct RandomLawTests {
  static let size = 40_000

  private func sample(_ site: UInt32, _ draw: (inout RandomStream) -> Double) -> [Double] {
    var stream = RandomStream(at: RandomAddress(seed: 2024, purpose: 1, site: site))
    return (0..<Self.size).map { _ in draw(&stream) }
  }

  private func check(_ sample: [Double], _ cdf: (Double) -> Double, _ comment: Comment, line: SourceLocation = #_sourceLocation) {
    #expect(GoodnessOfFit.kolmogorov(sample, cdf) < GoodnessOfFit.kolmogorovBound, comment, sourceLocation: line)
  }

  static func normalCDF(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  @Test func fills() {
    let cdfs: [(Double) -> Double] = [
      { $0 }, Self.normalCDF, { 1 - exp(-$0) }, { exp(-exp(-$0)) }, { 1 / (1 + exp(-$0)) },
    ]
    for (index, (name, fill)) in PhiloxTests.fills.enumerated() {
      let out = Grid(1, Self.size)
      fill(Self.size, 1, [3], RandomAddress(seed: 5, purpose: 6, site: UInt32(index)), out.pointer)
      check((0..<Self.size).map { out[0, $0] }, cdfs[index], "\(name)")
    }
  }

  @Test func neighboursInAFillAreUncorrelated() {
    let out = Grid(1, Self.size)
    RandomFill.normals(count: Self.size, lanes: 1, chains: [0], at: RandomAddress(seed: 5, purpose: 7), out.pointer)
    for lag in [1, 2, 3, 8, 16] {
      // Products of independent normals: mean 0, variance 1; of their squares less one: variance 4.
      let products = (0..<Self.size - lag).map { out[0, $0] * out[0, $0 + lag] }
      #expect(abs(GoodnessOfFit.meanDeviate(products, mean: 0, variance: 1)) < 4.9)
      let squares = (0..<Self.size - lag).map { (out[0, $0] * out[0, $0] - 1) * (out[0, $0 + lag] * out[0, $0 + lag] - 1) }
      #expect(abs(GoodnessOfFit.meanDeviate(squares, mean: 0, variance: 4)) < 4.9)
    }
  }

  @Test func streamsOfTheBasicLaws() {
    check(sample(1) { $0.nextUniform() }, { $0 }, "uniform")
    check(sample(2) { $0.nextNormal() }, Self.normalCDF, "normal")
    check(sample(3) { $0.nextExponential() }, { 1 - exp(-$0) }, "exponential")
    check(sample(4) { $0.nextGumbel() }, { exp(-exp(-$0)) }, "Gumbel")
    check(sample(5) { $0.nextLogistic() }, { 1 / (1 + exp(-$0)) }, "logistic")
    check(sample(6) { $0.nextCauchy() }, { 0.5 + atan($0) / .pi }, "Cauchy")
  }

  @Test func gammasOfIntegerAndHalfShape() {
    for shape in [1, 2, 5, 40] {
      // Erlang: 1 − e⁻ˣ Σ xⁱ/i! over i < shape.
      let cdf: (Double) -> Double = { x in
        var term = exp(-x)
        var tail = 0.0
        for i in 0..<shape {
          tail += term
          term *= x / Double(i + 1)
        }
        return 1 - tail
      }
      check(sample(10 + UInt32(shape)) { $0.nextGamma(shape: Double(shape)) }, cdf, "gamma of shape \(shape)")
    }
    check(sample(60) { $0.nextGamma(shape: 0.5) }, { erf($0.squareRoot()) }, "gamma of shape one half")
    check(sample(61) { $0.nextChiSquare(degrees: 1) }, { erf(($0 / 2).squareRoot()) }, "chi-square of 1 degree")
    check(sample(62) { $0.nextChiSquare(degrees: 2) }, { 1 - exp(-$0 / 2) }, "chi-square of 2 degrees")
  }

  @Test func logGammaIsRightWhereGammaUnderflows() {
    for (index, shape) in [1e-4, 0.01, 0.3, 0.999, 3.5, 1e3, 1e8].enumerated() {
      let logs = sample(70 + UInt32(index)) { $0.nextLogGamma(shape: shape) }
      let point = Vector8(repeating: shape)
      let (mean, variance) = (SIMDMath.digamma(point)[0], SIMDMath.trigamma(point)[0])
      #expect(abs(GoodnessOfFit.meanDeviate(logs, mean: mean, variance: variance)) < 4.9, "shape \(shape)")
      #expect(logs.allSatisfy { $0.isFinite })
      // For small shapes shape · log G → −Exponential(1): P(shape · log G ≤ t) ≈ eᵗ up to terms of the order of the shape.
      if shape == 1e-4 { check(logs.map { shape * $0 }, { min(1, exp($0)) }, "scaled log gamma") }
    }
  }

  @Test func betas() {
    check(sample(80) { $0.nextBeta(3.5, 1) }, { pow($0, 3.5) }, "beta (3.5, 1)")
    check(sample(81) { $0.nextBeta(1, 0.2) }, { 1 - pow(1 - $0, 0.2) }, "beta (1, 0.2)")
    check(sample(82) { $0.nextBeta(0.5, 0.5) }, { 2 / .pi * asin($0.squareRoot()) }, "beta (½, ½)")
    check(sample(83) { $0.nextBeta(2, 3) }, { x in x * x * (6 - 8 * x + 3 * x * x) }, "beta (2, 3)")
    // The logit of Beta(1, 1) is logistic.
    check(sample(84) { $0.nextLogitBeta(1, 1) }, { 1 / (1 + exp(-$0)) }, "logit beta (1, 1)")
  }

  @Test func dirichletMarginalsAreBetas() {
    var stream = RandomStream(at: RandomAddress(seed: 2024, purpose: 2))
    let concentration = [0.5, 1, 1.5]
    var first: [Double] = []
    let out = Grid(1, 3)
    for _ in 0..<Self.size {
      stream.nextDirichlet(3, concentration: concentration, out.pointer)
      #expect(abs(out[0, 0] + out[0, 1] + out[0, 2] - 1) < 1e-14)
      first.append(out[0, 1])
    }
    // Beta(1, 2).
    check(first, { 1 - (1 - $0) * (1 - $0) }, "second component")
    #expect(out.gapsAreUntouched)
  }

  @Test func studentsT() {
    check(sample(90) { $0.nextStudentT(degrees: 1) }, { 0.5 + atan($0) / .pi }, "1 degree")
    check(sample(91) { $0.nextStudentT(degrees: 2) }, { 0.5 + $0 / (2 * (2 + $0 * $0).squareRoot()) }, "2 degrees")
    check(sample(92) { $0.nextStudentT(degrees: .infinity) }, Self.normalCDF, "normal limit")
    check(
      sample(93) { $0.nextStudentT(degrees: 4) },
      { t in
        let w = t / (4 + t * t).squareRoot()
        return 0.5 + 0.75 * (w - w * w * w / 3)
      }, "4 degrees")
  }

  @Test func vonMises() {
    for (index, kappa) in [0, 1e-3, 0.5, 4, 100].enumerated() {
      // The distribution function by the trapezoidal rule on 20,000 intervals: error below 1e-7.
      let steps = 20_000
      var table = [0.0]
      for i in 0..<steps {
        let (a, b) = (Double(i), Double(i + 1))
        let at: (Double) -> Double = { exp(kappa * (cos(2 * .pi * $0 / Double(steps) - .pi) - 1)) }
        table.append(table[i] + 0.5 * (at(a) + at(b)))
      }
      let angles = sample(100 + UInt32(index)) { $0.nextVonMises(concentration: kappa) }
      #expect(angles.allSatisfy { abs($0) <= .pi })
      check(
        angles,
        { x in
          let place = (x + .pi) / (2 * .pi) * Double(steps)
          let i = min(steps - 1, max(0, Int(place)))
          return (table[i] + (place - Double(i)) * (table[i + 1] - table[i])) / table[steps]
        }, "concentration \(kappa)")
    }
  }

  @Test func illegalParametersGiveNaN() {
    var stream = RandomStream(at: RandomAddress(seed: 1, purpose: 1))
    for bad in [0, -1, Double.nan, -Double.infinity] {
      #expect(stream.nextGamma(shape: bad).isNaN)
      #expect(stream.nextLogGamma(shape: bad).isNaN)
      #expect(stream.nextStudentT(degrees: bad).isNaN)
      #expect(stream.nextChiSquare(degrees: bad).isNaN)
      #expect(stream.nextBeta(bad, 1).isNaN)
      #expect(stream.nextBeta(1, bad).isNaN)
      #expect(stream.nextVonMises(concentration: bad - 1).isNaN)
    }
  }
}
