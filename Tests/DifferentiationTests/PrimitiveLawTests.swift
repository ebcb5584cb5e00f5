import Differentiation
import TestSupport
import Testing

@Suite("Laws of the primitives")
struct PrimitiveLawTests {
  @Test("Shape rules", arguments: PrimitiveList.all + PrimitiveList.implicit)
  func shapes(_ primitive: PrimitiveCase) throws { #expect(try PrimitiveLaws.shapeRule(primitive) == nil) }

  @Test("Equal bits on any number of lanes", arguments: PrimitiveList.all + PrimitiveList.implicit)
  func lanes(_ primitive: PrimitiveCase) throws { #expect(try PrimitiveLaws.lanes(primitive) == nil) }

  @Test("JVP against central differences", arguments: PrimitiveList.all + PrimitiveList.implicit)
  func differences(_ primitive: PrimitiveCase) throws { #expect(try PrimitiveLaws.differences(primitive) == nil) }

  @Test("VJP is the transpose of JVP", arguments: PrimitiveList.all + PrimitiveList.implicit)
  func transposition(_ primitive: PrimitiveCase) throws { #expect(try PrimitiveLaws.transposition(primitive) == nil) }

  @Test("Second derivatives", arguments: PrimitiveList.all)
  func second(_ primitive: PrimitiveCase) throws { #expect(try PrimitiveLaws.secondOrder(primitive) == nil) }
}

@Suite("What has no derivative")
struct UnderivableTests {
  @Test("A second derivative of an implicit draw is an error, not a zero")
  func implicitDraws() throws {
    let a = Node.input("a", shape: [])
    let z = Node.draw(.gamma, site: 0, shape: [], parameters: [a])
    let first = try #require(Derivatives.pullback(of: [z], cotangents: [.fill(1)], to: [a])[0])
    _ = try Plan(outputs: [first], inputs: [a])
    let second = try #require(Derivatives.pullback(of: [first], cotangents: [.fill(1)], to: [a])[0])
    #expect(throws: GraphError.self) { try Plan(outputs: [second], inputs: [a]) }
  }
}
