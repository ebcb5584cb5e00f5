import TestSupport
import Testing

@Suite("Flows")
struct FlowTests {
  @Test("log |det| is the log determinant of the Jacobian", arguments: FlowCase.all)
  func determinants(_ law: FlowCase) throws { #expect(try FlowLaws.determinantsAgree(law) == []) }

  @Test("The inverse undoes the map", arguments: FlowCase.all)
  func roundTrips(_ law: FlowCase) throws { #expect(try FlowLaws.roundTrips(law) == []) }

  @Test("Derivatives by the parameters", arguments: FlowCase.all)
  func gradients(_ law: FlowCase) throws { #expect(try FlowLaws.gradientsAgree(law) == []) }

  @Test("The density integrates to one", arguments: FlowCase.all.filter { $0.dimension <= 2 })
  func integrals(_ law: FlowCase) throws {
    let integral = try FlowLaws.integral(law)
    #expect(abs(integral - 1) < 1e-6, "\(integral)")
  }
}
