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
