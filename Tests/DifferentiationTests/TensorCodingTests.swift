import Differentiation
import Foundation
import Testing

@Suite struct TensorCodingTests {
  private func decode<T: Decodable>(_ type: T.Type, _ json: String) throws -> T {
    try JSONDecoder().decode([T].self, from: Data("[\(json)]".utf8))[0]
  }

  private func sentence(_ json: String) -> String {
    do {
      _ = try decode(Tensor.self, json)
      return "no error"
    } catch DecodingError.dataCorrupted(let context) {
      return context.codingPath.dropFirst().map { "[\($0.intValue ?? -1)]" }.joined() + " " + context.debugDescription
    } catch {
      return "another error: \(error)"
    }
  }

  @Test func numbersAndNestedArraysBecomeTensors() throws {
    #expect(try decode(Tensor.self, "2.5").shape == [])
    #expect(try decode(Tensor.self, "[1, 2, 3]").values() == [1, 2, 3])
    #expect(try decode(Tensor.self, "[[1, 2], [3, 4]]").shape == [2, 2])
    #expect(try decode(Tensor.self, "[[[1], [2]], [[3], [4]]]").shape == [2, 2, 1])
    #expect(try decode(Tensor.self, "[]").shape == [0])
    #expect(try decode(IntTensor.self, "[[1, 2], [3, 4]]").values() == [1, 2, 3, 4])
  }

  @Test func whatIsNotRectangularIsRefusedAtItsPlace() {
    #expect(sentence("[[1, 2], [3]]") == "[1] the array is ragged: element 1 has shape [1], element 0 has shape [2]")
    #expect(sentence("[1, [2]]") == "[1] the array is ragged: element 1 has shape [1], element 0 has shape []")
    #expect(sentence("[1, \"two\"]") == "[1] a number or nested arrays of numbers are expected here")
    #expect(sentence("[[1, null]]") == "[0][1] a number or nested arrays of numbers are expected here")
  }

  @Test func integersMustBeWhole() {
    do {
      _ = try decode(IntTensor.self, "[[1, 2], [3, 4.5]]")
      Issue.record("4.5 was taken for a whole number")
    } catch DecodingError.dataCorrupted(let context) {
      #expect(context.codingPath.map(\.intValue) == [0, 1, 1])
      #expect(context.debugDescription == "4.5 is not a whole number of magnitude at most 2⁵³")
    } catch {
      Issue.record("another error: \(error)")
    }
  }

  @Test func encodingIsDecodingBackwards() throws {
    for json in ["1.5", "[1,2.25]", "[[1,2],[3,4]]", "[[[1],[2]]]"] {
      let tensor = try decode(Tensor.self, json)
      #expect(String(decoding: try JSONEncoder().encode(tensor), as: UTF8.self) == json)
    }
    #expect(String(decoding: try JSONEncoder().encode(IntTensor([[1, 2]])), as: UTF8.self) == "[[1,2]]")
  }
}
