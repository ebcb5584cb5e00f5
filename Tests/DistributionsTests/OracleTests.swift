import Differentiation
import Distributions
import TestSupport
import Testing

/// Rows of numbers: parameters, value, log density.
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
    ("truncatedGamma", truncatedGamma),
  ]
}

/// 1e-12 of the log density, or of 1 nat where the log density is smaller than that: there terms of size 1 and more cancel.
func agrees(_ value: Double, _ reference: Double) -> Bool {
  if reference.isInfinite || value.isInfinite { return value == reference }
  return abs(value - reference) <= 1e-12 * max(1, abs(reference))
}

@Suite("Log densities against mpmath")
struct OracleTests {
  @Test("numbers", arguments: OracleTable.scalars.map(\.name))
  func scalar(name: String) throws {
    let rows = OracleTable.rows(OracleTable.scalars.first { $0.name == name }!.text)
    let distribution = try #require(DistributionCase.scalars.first { $0.name == name })
    #expect(rows.count >= 50)
    let columns = rows[0].indices.dropLast().map { column in (values: rows.map { $0[column] }, shape: [rows.count]) }
    // As variables, and as data known while recording: two paths through the support's test.
    let variable = try Recording.values(columns) { arguments in
      let d = distribution.make(Array(arguments.dropLast()))
      return [d.density(of: arguments.last!)]
    }[0]
    let data = columns.map { Tensor($0.values) }
    let d = distribution.make(Array(data.dropLast()))
    let known = try d.density(of: data.last!).values()
    for (row, values) in zip(rows, zip(variable, known)) {
      #expect(agrees(values.0, row.last!), "\(name)\(row): \(values.0)")
      #expect(agrees(values.1, row.last!), "\(name)\(row) as data: \(values.1)")
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
      // The condition of the matrix multiplies the rounding of its entries: at most 10⁶ here.
      for value in values { #expect(abs(value[0] - row.last!) <= 1e-12 * max(1, abs(row.last!)), "\(row): \(value)") }
    }
  }

  @Test("simplexes under a Dirichlet")
  func dirichlet() throws {
    for row in OracleTable.rows(OracleTable.dirichlet) {
      let n = Int(row[0])
      let value = try Recording.values([(Array(row[1..<(n + 1)]), [n]), (Array(row[(n + 1)..<(2 * n + 1)]), [n])]) { v in
        [Dirichlet(v[0]).logDensity(of: v[1])]
      }
      #expect(agrees(value[0][0], row.last!), "\(row): \(value)")
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
      #expect(agrees(values[0][0], row.last!), "\(row): \(values[0])")
      // Probabilities below the smallest double are 0.
      if row.last! > -600 { #expect(agrees(values[1][0], row.last!), "\(row): \(values[1])") }
    }
  }
}
