import Differentiation
import Foundation
import Reporting
import Testing

private func parse(_ text: String) throws -> JSONValue { try JSONReader.parse(Data(text.utf8)) }

@Suite struct JSONTests {
  /// The C library's conversion is the oracle: decimal strings of many lengths and exponents, drawn from a fixed sequence.
  @Test func numbersAreRoundedCorrectly() throws {
    var state: UInt64 = 1
    func next() -> UInt64 {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 11
    }
    var texts = [
      "0", "-0", "0.0", "-0.0", "1e22", "1e23", "9007199254740993", "9007199254740992.5", "2.2250738585072011e-308", "4.9e-324", "2e-324",
      "1.7976931348623157e308",
      "0.1e-5", "123456789012345678901234567890", "0.000000000000000000000000000000000000001", "1E5", "1e+5", "8.5e-23",
      "9007199254740991e22", "9007199254740991e-22",
    ]
    for _ in 0..<5000 {
      let digits = String(next()) + String(next())
      let cut = Int(next() % 30) + 1
      let mantissa = String(digits.prefix(cut)).drop { $0 == "0" }
      let exponent = Int(next() % 40) - 20
      texts.append("\(mantissa.isEmpty ? "0" : mantissa).\(next() % 100_000)e\(exponent)")
      texts.append("\(Double(bitPattern: next() << 11 | next() & 0x7FF))")
    }
    for text in texts where Double(text)?.isFinite == true {
      let value = try #require(try parse(text).double)
      #expect(value.bitPattern == Double(text)?.bitPattern || text == "-0", "\(text)")
    }
  }

  @Test func numbersRoundTripExactly() throws {
    let values = [0.1, -0.0, 1.0, 1e300, Double.leastNonzeroMagnitude, 1.0 / 3, 123_456_789_012_345_680, -2.5e-7, 9_007_199_254_740_992]
    let text = JSONWriter.line(.numbers(values, whole: false))
    #expect(text == "[0.1,-0.0,1.0,1e+300,5e-324,0.3333333333333333,1.2345678901234568e+17,-2.5e-07,9007199254740992.0]")
    guard case .numbers(let back, _) = try parse(text) else {
      Issue.record("not an array of numbers")
      return
    }
    #expect(back.map(\.bitPattern) == values.map(\.bitPattern))
  }

  @Test func stringsRoundTrip() throws {
    let texts = ["", "a\"b\\c/d", "line\nfeed\ttab\r\u{8}\u{C}\u{1}\u{7F}", "θ̂ 𝜃 é", "\u{10FFFF}"]
    for text in texts { #expect(try parse(JSONWriter.line(.string(text))).text == text) }
    #expect(try parse(#""\u00e9\ud835\udf03\/\b""#).text == "é𝜃/\u{8}")
    for bad in [#""\ud835""#, #""\udf03""#, #""\ud835\u0041""#, #""\x""#, #""\u12g4""#, #""\u+123""#] {
      #expect(throws: JSONSyntaxError.self) { try parse(bad) }
    }
  }

  @Test func keysKeepTheirOrder() throws {
    let text = #"{"zebra": 1, "apple": {"b": [true, false, null], "a": "x"}, "mango": [1.0, 2.5, "3"]}"#
    let value = try parse(text)
    #expect(value.members?.keys == ["zebra", "apple", "mango"])
    #expect(JSONWriter.line(value) == #"{"zebra":1,"apple":{"b":[true,false,null],"a":"x"},"mango":[1.0,2.5,"3"]}"#)
    #expect(try JSONReader.parse(JSONWriter.pretty(value)) == value)
  }

  @Test func notFiniteIsNull() { #expect(JSONWriter.line(.numbers([1, .nan, .infinity], whole: false)) == "[1.0,null,null]") }

  @Test func nothingButJSONIsAccepted() {
    let wrong = [
      "", " ", "{", "[", "[1", "[1,", "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "nul", "tru", "+1", ".5", "1.", "1.e5", "1e",
      "1e+", "-", "--1", "01",
      "-01", "0x10", "1 2", "\"", "\"\n\"", "[1 2]", "NaN", "nan", "-Infinity", "Inf", "'a'", "// c\n1", "{\"a\":1 \"b\":2}", "]", ",",
      "\u{B}1", "\u{A0}1",
      String(repeating: "[", count: 300),
    ]
    for text in wrong { #expect(throws: JSONSyntaxError.self, "\(text)") { try parse(text) } }
    for right in [" 1 ", "\u{FEFF}[1]", "[ ]", "{ }", "[[],[]]", String(repeating: "[", count: 200) + String(repeating: "]", count: 200)] {
      #expect(throws: Never.self, "\(right)") { try parse(right) }
    }
  }

  @Test func everyTruncationAndEveryChangedByteEndsInAnErrorOrAValue() {
    let text = Array(#"{"a": [1, -2.5e3, {"b": "x\u00e9"}], "c": null, "θ": [true, [0.1, 2]]}"#.utf8)
    for end in text.indices { #expect(throws: JSONSyntaxError.self) { try JSONReader.parse(Data(text[..<end])) } }
    for index in text.indices {
      for byte in [UInt8(0), 0x22, 0x5C, 0x7D, 0xC3, 0xFF, 0x39, 0x65] {
        var changed = text
        changed[index] = byte
        // There is nothing to demand of the outcome but that there is one.
        let outcome = Result { () throws -> JSONValue in try JSONReader.parse(Data(changed)) }
        if case .failure(let error) = outcome { #expect(error is JSONSyntaxError) }
      }
    }
  }

  @Test func placesAreCountedFromOne() {
    let error = #expect(throws: JSONSyntaxError.self) { try parse("{\n  \"a\": [1,\n    x]\n}") }
    #expect(error?.description == "line 3, column 5: expected a value, found \"x\"")
  }
}

@Suite struct DataDecoderTests {
  struct Nested: Codable, Equatable {
    var name: String
    var rows: [[Double]]
  }
  struct Everything: Codable {
    var scalar: Tensor
    var matrix: Tensor
    var counts: IntTensor
    var list: [Int]
    var groups: [Nested]
    var flag: Bool
    var table: [String: Double]
    var missing: Double?
    var present: Double?
  }

  @Test func decodesWhatAModelHolds() throws {
    let root = try parse(
      #"{"scalar": 2, "matrix": [[1, 2, 3], [4, 5, 6]], "counts": [1, 2], "list": [3], "groups": [{"name": "a", "rows": [[1], [2, 3]]}], "flag": true, "table": {"k": 1.5}, "present": 7, "extra": 0}"#
    )
    let outcome = try DataDecoder.decode(Everything.self, from: root)
    #expect(outcome.value.scalar.shape == [] && outcome.value.matrix.shape == [2, 3] && outcome.value.counts.shape == [2])
    #expect(try outcome.value.matrix.values() == [1, 2, 3, 4, 5, 6])
    #expect(outcome.value.groups == [Nested(name: "a", rows: [[1], [2, 3]])])
    #expect(outcome.value.table == ["k": 1.5] && outcome.value.missing == nil && outcome.value.present == 7)
    #expect(outcome.unusedKeys == ["extra"])
    #expect(outcome.fields.map(\.key) == ["scalar", "matrix", "counts", "list", "groups", "flag", "table", "missing", "present"])
    #expect(outcome.fields.first { $0.key == "matrix" }?.shape == [2, 3])
    #expect(outcome.fields.filter(\.isOptional).map(\.key) == ["missing", "present"])
    #expect(SchemaProbe.fields(of: Everything.self).map(\.key) == outcome.fields.map(\.key))
  }

  @Test func nestedMistakesHaveTheirPath() throws {
    let root = try parse(#"{"groups": [{"name": "a", "rows": [[1], ["x"]]}]}"#)
    struct Outer: Codable { var groups: [Nested] }
    let error = #expect(throws: DataError.self) { try DataDecoder.decode(Outer.self, from: root) }
    #expect(error == DataError(keyPath: "groups[0].rows[1][0]", reason: "expected a number, found the string \"x\""))
  }

  @Test func aTypesOwnRefusalIsPassedOn() throws {
    struct Picky: Codable {
      var n: Int
      init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        n = try container.decode(Int.self, forKey: .n)
        guard n > 0 else { throw DecodingError.dataCorruptedError(forKey: .n, in: container, debugDescription: "n must be positive") }
      }
    }
    let error = #expect(throws: DataError.self) { try DataDecoder.decode(Picky.self, from: .object(("n", 0))) }
    #expect(error == DataError(keyPath: "n", reason: "n must be positive"))
  }
}
