import Differentiation
import Distributions
import TestSupport
import Testing

/// Rows of numbers: parameters, value, log density, size of the largest of its terms.
enum OracleTable {
  static func rows(_ text: String) -> [[Double]] {
    text.split(separator: "\n").map { $0.split(separator: " ").map { Double($0)! } }
  }

  static let scalars: [(name: String, text: String)] = [
    ("normal", normal), ("halfNormal", halfNormal), ("cauchy", cauchy), ("halfCauchy", halfCauchy), ("studentT", studentT),
    ("laplace", laplace), ("logistic", logistic), ("logNormal", logNormal), ("exponential", exponential), ("gamma", gamma),
    ("inverseGamma", inverseGamma), ("beta", beta), ("uniform", uniform), ("bernoulli", bernoulli), ("bernoulliLogits", bernoulliLogits),
    ("binomial", binomial), ("binomialLogits", binomialLogits), ("poisson", poisson), ("poissonLog", poissonLog),
    ("truncatedNormal", truncatedNormal), ("truncatedCauchy", truncatedCauchy), ("truncatedStudentT", truncatedStudentT),
    ("truncatedLaplace", truncatedLaplace), ("truncatedLogistic", truncatedLogistic), ("truncatedExponential", truncatedExponential),
    ("truncatedGamma", truncatedGamma), ("truncatedInverseGamma", truncatedInverseGamma), ("truncatedBeta", truncatedBeta),
    ("negativeBinomial", negativeBinomial), ("negativeBinomialLog", negativeBinomialLog), ("negativeBinomialShape", negativeBinomialShape),
    ("weibull", weibull), ("gumbel", gumbel), ("pareto", pareto), ("geometric", geometric), ("geometricLogits", geometricLogits),
    ("discreteUniform", discreteUniform), ("betaBinomial", betaBinomial), ("zeroInflatedPoisson", zeroInflatedPoisson),
    ("halfStudentT", halfStudentT), ("chiSquared", chiSquared), ("inverseChiSquared", inverseChiSquared),
    ("scaledInverseChiSquared", scaledInverseChiSquared), ("asymmetricLaplace", asymmetricLaplace), ("kumaraswamy", kumaraswamy),
    ("logitNormal", logitNormal), ("skewNormal", skewNormal), ("exponentiallyModifiedGaussian", exponentiallyModifiedGaussian),
    ("frechet", frechet), ("logLogistic", logLogistic), ("rayleigh", rayleigh), ("inverseGaussian", inverseGaussian),
    ("generalizedExtremeValue", generalizedExtremeValue), ("triangular", triangular),
    ("hurdlePoisson", hurdlePoisson),
  ]
}

/// The bound on an error: 10⁻¹² of the log density.
///
/// A log density is a sum of terms that are logarithms, so not doubles: each is rounded, and where the sum crosses zero the roundings do not.
/// Only there, where the log density is below 10⁻³ of its largest term, the bound is four units in the last place of that term; the recipe
/// computes it, in the best conditioned form of the sum that is known.
struct OracleBound {
  let reference: Double
  let error: Double
  let isRelative: Bool

  init(_ row: [Double]) {
    reference = row[row.count - 2]
    let relative = 1e-12 * abs(reference)
    let rounding = 4 * Double.ulpOfOne * row[row.count - 1]
    isRelative = relative >= rounding
    error = max(relative, rounding)
  }

  func holds(_ value: Double) -> Bool {
    reference.isInfinite || value.isInfinite ? value == reference : abs(value - reference) <= error
  }
}

@Suite("Log densities against mpmath")
struct OracleTests {
  @Test("numbers", arguments: OracleTable.scalars.map(\.name))
  func scalar(name: String) throws {
    let rows = OracleTable.rows(OracleTable.scalars.first { $0.name == name }!.text)
    let distribution = try #require(DistributionCase.scalars.first { $0.name == name })
    #expect(rows.count >= 50)
    let bounds = rows.map { OracleBound($0) }
    #expect(bounds.count(where: \.isRelative) >= 19 * rows.count / 20, "\(name): the bound is relative on nearly all rows")
    let columns = rows[0].indices.dropLast(2).map { column in (values: rows.map { $0[column] }, shape: [rows.count]) }
    // As variables, and as data known while recording: two paths through the support's test.
    let variable = try Recording.values(columns) { arguments in
      let d = distribution.make(Array(arguments.dropLast()))
      return [d.density(of: arguments.last!)]
    }[0]
    let data = columns.map { Tensor($0.values) }
    let d = distribution.make(Array(data.dropLast()))
    let known = try d.density(of: data.last!).values()
    for (row, (bound, values)) in zip(rows, zip(bounds, zip(variable, known))) {
      #expect(bound.holds(values.0), "\(name)\(row): \(values.0) is off by \(abs(values.0 - bound.reference) / bound.error) bounds")
      #expect(bound.holds(values.1), "\(name)\(row) as data: \(values.1) is off by \(abs(values.1 - bound.reference) / bound.error) bounds")
    }
  }

  @Test("vectors of a multivariate normal, by covariance and by Cholesky factor")
  func multivariateNormal() throws {
    for row in OracleTable.rows(OracleTable.multivariateNormal) {
      let n = Int(row[0])
      let mean = Array(row[1..<(n + 1)])
      let matrix = Array(row[(n + 1)..<(n + 1 + n * n)])
      let x = Array(row[(n + 1 + n * n)..<(n + 1 + n * n + n)])
      let values = try Recording.values([(mean, [n]), (matrix, [n, n]), (x, [n])]) { v in
        [
          MultivariateNormal(v[0], covariance: v[1]).logDensity(of: v[2]),
          MultivariateNormal(v[0], cholesky: cholesky(v[1])).logDensity(of: v[2]),
        ]
      }
      let bound = OracleBound(row)
      for value in values {
        #expect(bound.holds(value[0]), "\(row): \(value) is off by \(abs(value[0] - bound.reference) / bound.error) bounds")
      }
    }
  }

  @Test("simplexes under a Dirichlet")
  func dirichlet() throws {
    for row in OracleTable.rows(OracleTable.dirichlet) {
      let n = Int(row[0])
      let value = try Recording.values([(Array(row[1..<(n + 1)]), [n]), (Array(row[(n + 1)..<(2 * n + 1)]), [n])]) { v in
        [Dirichlet(v[0]).logDensity(of: v[1])]
      }
      #expect(OracleBound(row).holds(value[0][0]), "\(row): \(value)")
    }
  }

  @Test("classes")
  func categorical() throws {
    for row in OracleTable.rows(OracleTable.categoricalLogits) {
      let n = Int(row[0])
      let values = try Recording.values([(Array(row[1..<(n + 1)]), [n]), ([row[n + 1]], [])]) { v in
        let k = IntTensor(drawn: v[1])
        return [Categorical(logits: v[0]).logDensity(of: k), Categorical(probabilities: v[0].softmax(axis: 0)).logDensity(of: k)]
      }
      let bound = OracleBound(row)
      #expect(bound.holds(values[0][0]), "\(row): \(values[0])")
      // Probabilities below the smallest double are 0.
      if bound.reference > -600 { #expect(bound.holds(values[1][0]), "\(row): \(values[1])") }
    }
  }
}
