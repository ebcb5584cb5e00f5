import Differentiation
import Distributions
import TestSupport
import Testing

@Suite("Distribution laws")
struct LawTests {
  @Test("the density integrates to one; moments and entropy are its own", arguments: DistributionCase.scalars)
  func mass(law: DistributionCase) throws {
    // Trapezoids over a corner of the density (Laplace, triangle) are of second order.
    let tolerance = ["laplace", "truncatedLaplace", "asymmetricLaplace", "triangular"].contains(law.name) ? 1e-5 : 1e-8
    for point in law.points + law.edges {
      let problems = try DistributionLaws.integralsAgree(law, point, tolerance: tolerance)
      #expect(problems.isEmpty, "\(law)\(point): \(problems)")
    }
  }

  @Test("draws lie in the support", arguments: DistributionCase.scalars)
  func support(law: DistributionCase) throws {
    for point in law.points + law.edges {
      let problems = try DistributionLaws.supportIsRespected(law, point)
      #expect(problems.isEmpty, "\(law)\(point): \(problems)")
    }
  }

  @Test("draws follow the distribution function", arguments: DistributionCase.continuous)
  func continuousDraws(law: DistributionCase) throws {
    for point in law.points + law.edges {
      let problems = try DistributionLaws.drawsMatchDistribution(law, point)
      #expect(problems.isEmpty, "\(law)\(point): \(problems)")
    }
  }

  @Test("draws have the frequencies of the density", arguments: DistributionCase.discrete)
  func discreteDraws(law: DistributionCase) throws {
    for point in law.points + law.edges {
      let problems = try DistributionLaws.drawsMatchProbabilities(law, point)
      #expect(problems.isEmpty, "\(law)\(point): \(problems)")
    }
  }

  @Test("the distribution function has the density as its derivative, and inverts", arguments: DistributionCase.continuous)
  func cumulative(law: DistributionCase) throws {
    for point in law.points + law.edges {
      let problems = try DistributionLaws.cumulativeMatchesDensity(law, point)
      #expect(problems.isEmpty, "\(law)\(point): \(problems)")
    }
  }

  @Test("gradients of the log density", arguments: DistributionCase.scalars)
  func gradients(law: DistributionCase) throws {
    var checked = 0
    for point in law.points {
      let result = try DistributionLaws.gradientsAgree(law, point)
      checked += result.checked
      #expect(result.problems.isEmpty, "\(law): \(result.problems)")
    }
    #expect(checked >= 8, "\(law): only \(checked) comparisons")
  }

  /// The mass between bounds is an incomplete function of a shape, which has one derivative in it.
  static let firstDerivativesOnly: Set<String> = [
    "truncatedGamma", "truncatedInverseGamma", "truncatedBeta", "truncatedStudentT", "gammaBelow", "studentAbove",
  ]

  @Test(
    "second derivatives of the log density",
    arguments: DistributionCase.scalars.filter { !LawTests.firstDerivativesOnly.contains($0.name) })
  func secondDerivatives(law: DistributionCase) throws {
    var checked = 0
    for point in law.points {
      let result = try DistributionLaws.secondDerivativesAgree(law, point)
      checked += result.checked
      #expect(result.problems.isEmpty, "\(law): \(result.problems)")
    }
    #expect(checked >= 6, "\(law): only \(checked) comparisons")
  }

  @Test("draws by inversion move with the parameters and bounds", arguments: DistributionCase.continuous)
  func invertedDraws(law: DistributionCase) throws {
    for point in law.points {
      let problems = try DistributionLaws.drawsFollowParameters(law, point)
      #expect(problems.isEmpty, "\(law)\(point): \(problems)")
    }
  }

  @Test("reparameterized draws have the mean's derivative", arguments: DistributionCase.continuous)
  func differentiableDraws(law: DistributionCase) throws {
    for point in law.points {
      let problems = try DistributionLaws.drawsAreDifferentiable(law, point)
      #expect(problems.isEmpty, "\(law)\(point): \(problems)")
    }
  }
}
