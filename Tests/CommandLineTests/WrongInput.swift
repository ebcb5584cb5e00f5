import Testing

/// Wrong command lines, data and models, each with the exact text on standard error. `{dir}` stands for the directory of the files.
struct WrongInput: Sendable, CustomTestStringConvertible {
  var arguments: String
  var message: String
  var testDescription: String { arguments }

  init(_ arguments: String, _ message: String) {
    self.arguments = arguments
    self.message = message
  }
}

/// The files that the cases below name.
let wrongFiles: [String: String] = [
  "good.json": #"{"n": 3, "x": [1, 2, 3], "group": [0, 1, 1], "sigma": 0.5}"#,
  "empty.json": " \n",
  "list.json": "[1, 2]",
  "missing.json": #"{"n": 3, "x": [1, 2, 3], "sigmas": 0.5}"#,
  "lonely.json": #"{"a": 1}"#,
  "nothing.json": "{}",
  "string.json": #"{"n": 3, "x": [1, "2.5", 3], "sigma": 0.5}"#,
  "word.json": #"{"n": 3, "x": "abc", "sigma": 0.5}"#,
  "null.json": #"{"n": 3, "x": [1, null, 3], "sigma": 0.5}"#,
  "ragged.json": #"{"n": 3, "x": [[1, 2], [3, 4, 5]], "sigma": 0.5}"#,
  "mixed.json": #"{"n": 3, "x": [[1, 2], 3], "sigma": 0.5}"#,
  "fraction.json": #"{"n": 3.5, "x": [1], "sigma": 0.5}"#,
  "group.json": #"{"n": 3, "x": [1], "group": [0, 1.5], "sigma": 0.5}"#,
  "array.json": #"{"n": 3, "x": [1], "sigma": [0.5]}"#,
  "object.json": #"{"n": 3, "x": {"a": 1}, "sigma": 0.5}"#,
  "truth.json": #"{"n": true, "x": [1], "sigma": 0.5}"#,
  "nan.json": "{\"n\": 3,\n \"x\": [1, NaN, 3], \"sigma\": 0.5}",
  "minusinf.json": #"{"n": 3, "x": [1, -Infinity], "sigma": 0.5}"#,
  "nanstring.json": #"{"n": 3, "x": [1, "NaN"], "sigma": 0.5}"#,
  "comma.json": #"{"n": 3, "x": [1, 2,], "sigma": 0.5}"#,
  "nocomma.json": "{\"n\": 3\n \"x\": [1]}",
  "twice.json": #"{"n": 3, "x": [1], "n": 4}"#,
  "cut.json": #"{"n": 3, "x": [1, 2"#,
  "single.json": "{'n': 3}",
  "huge.json": #"{"n": 3, "x": [1e999], "sigma": 1}"#,
  "tail.json": #"{"n": 3} {"n": 4}"#,
  "zero.json": #"{"n": 03}"#,
  "result.json": #"{"schema": "credence/posterior/2"}"#,
  "draws.json": #"{"posterior": {"a": [[1, 2], [3]]}}"#,
  "flat.json": #"{"posterior": {"a": [1, 2]}}"#,
  "short.csv": "lp__,a\n1,2\n3\n",
  "text.csv": "lp__,a\n1,two\n",
  "one.csv": "lp__,a\n1,2\n3,4\n",
  "three.csv": "lp__,a\n1,2\n3,4\n5,6\n",
  "other.csv": "lp__,b\n1,2\n3,4\n",
]

let wrongInputs: [WrongInput] = [
  // Command lines.
  .init("infr line", #"credence: there is no command "infr"; the nearest is infer."#),
  .init(
    "fit line",
    #"credence: there is no command "fit"; there are new, models, describe, graph, check, simulate, infer, predict, summarize, plot, report, compare, sensitivity, calibrate, convert, merge, build, notebook, estimators, bench, agree, completions and man."#
  ),
  .init(
    "--seed 1 infer line",
    "credence: the command comes first, before options such as --seed: new, models, describe, graph, check, simulate, infer, predict, summarize, plot, report, compare, sensitivity, calibrate, convert, merge, build, notebook, estimators, bench, agree, completions or man."
  ),
  .init("infer", "credence: infer: which model? Give the name of a built-in model or a Swift file."),
  .init("infer line coin-flips", #"credence: infer: expected one model, found 2: "line" "coin-flips"."#),
  .init("infer coin-flip", #"credence: infer: there is no model "coin-flip"; the nearest is coin-flips (credence models lists them all)."#),
  .init(
    "infer zzz", #"credence: infer: there is no model "zzz" (credence models lists them; a model of your own is a file ending in .swift)."#),
  .init("models line", #"credence: models: "line" is one argument too many; it takes options only."#),
  .init("summarize", "credence: summarize: which files? Give results, or draws in JSON or CSV."),
  .init("infer line --chans 4", "credence: infer: there is no option --chans; the nearest is --chains."),
  .init("infer line --zzzzzzzz", "credence: infer: there is no option --zzzzzzzz (infer --help lists them)."),
  .init("infer line --batches 4", "credence: infer: the option --batches belongs to bench, not to infer."),
  .init("infer line --chains", "credence: infer: --chains needs a value (N), but nothing follows."),
  .init("infer line --chains --seed 1", "credence: infer: --chains needs a value (N), but the option --seed follows."),
  .init("infer line --chains four", #"credence: infer: --chains expects a whole number from 1 to 10000, not "four"."#),
  .init("infer line --chains 0", #"credence: infer: --chains expects a whole number from 1 to 10000, not "0"."#),
  .init("infer line --chains 2.5", #"credence: infer: --chains expects a whole number from 1 to 10000, not "2.5"."#),
  .init("infer line --seed -1", #"credence: infer: --seed expects a whole number from 0 to 18446744073709551615, not "-1"."#),
  .init("infer line --seed 1 --seed 2", "credence: infer: --seed is given twice."),
  .init("infer line --quiet=yes", #"credence: infer: --quiet takes no value, but has "yes"."#),
  .init("infer line --quiet --progress plain", "credence: infer: --quiet and --progress plain contradict each other."),
  .init("infer line --progress loud", #"credence: infer: --progress expects auto, plain, json or none, not "loud"."#),
  .init("infer line --centering half", #"credence: infer: --centering expects auto or as-written, not "half"."#),
  .init("infer line --method vi --centering auto", "credence: infer: --centering belongs to --method nuts, not to vi."),
  .init(
    "infer line --method smc --draws 5", "credence: infer: --draws: the draws of smc are its particles; say how many with --particles."),
  .init(
    "infer line --method nut",
    #"credence: infer: --method expects vi, nuts, laplace, map, pathfinder, batch-and-match, svgd, smc or importance, not "nut"; the nearest is nuts."#
  ),
  .init("infer line --method vi --chains 4", "credence: infer: --chains belongs to --method nuts and smc, not to vi."),
  .init("infer line --guide full-rank", "credence: infer: --guide belongs to --method vi, not to nuts (the default)."),
  .init(
    "infer line --method vi --guide flow",
    "credence: infer: --guide flow needs its kind: flow:spline for instance; there are affine, spline, iaf, maf, planar, radial, sylvester or bnaf."
  ),
  .init(
    "infer line --method vi --guide flow:spline:0",
    "credence: infer: --guide flow:spline:LAYERS expects a whole number from 1 to 1000 for LAYERS, not \"0\"."),
  .init(
    "infer line --method vi --guide mixture",
    "credence: infer: --guide mixture:K expects a whole number from 1 to 1000 for K: mixture:3 for instance."),
  .init("infer line --method vi --guide student:3", "credence: infer: --guide student takes no argument, but has \":3\"."),
  .init("infer line --method vi --guide low-rank", "credence: infer: --guide low-rank needs its rank: low-rank:5 for instance."),
  .init(
    "infer line --method vi --guide low-rank:x",
    #"credence: infer: --guide low-rank:R expects a whole number from 1 to 10000 for R, not "x"."#),
  .init(
    "infer line --method vi --guide meanfield",
    #"credence: infer: --guide expects mean-field, full-rank, low-rank:R, flow:KIND, mixture:K, student or structured, not "meanfield"; the nearest is mean-field."#
  ),
  .init(
    "infer line --method vi --objective iwae",
    "credence: infer: --objective iwae:K expects a whole number from 2 to 10000 for K: iwae:8 for instance."),
  .init(
    "infer line --method vi --optimizer adam:-1", #"credence: infer: --optimizer adam:RATE expects a positive number for RATE, not "-1"."#),
  .init(
    "infer line --method vi --optimizer newton",
    #"credence: infer: --optimizer expects adam, adamw, rmsprop, adagrad, sgd or dowg, not "newton"."#),
  .init("infer line --method vi --minibatch rows", #"credence: infer: --minibatch expects PLATE=N, not "rows"."#),
  .init("infer line --method vi --minibatch rows=0", #"credence: infer: --minibatch rows expects a whole number from 1 up, not "0"."#),
  .init("infer line --method vi --estimator z=a --estimator z=b", #"credence: infer: --estimator is given twice for "z"."#),
  .init("infer line --method map --draws 10", "credence: infer: --draws makes no sense with --method map, which finds one point."),
  .init(
    "infer line --target-acceptance 1", #"credence: infer: --target-acceptance expects a number between 0 and 1 (both excluded), not "1"."#),
  .init("infer line --metric dense --adaptation fisher", "credence: infer: --adaptation fisher is for --metric diagonal, not for dense."),
  .init(
    "infer line --init nofile", #"credence: infer: --init expects random, pathfinder, zero, prior or a file, not "nofile"."#),
  .init(
    "check line --quiet",
    "credence: check: the option --quiet belongs to simulate, infer, predict, compare, sensitivity, calibrate, convert and notebook, not to check."
  ),
  .init(
    "infer line --metric automatic --adaptation fisher", "credence: infer: --adaptation fisher is for --metric diagonal, not for automatic."
  ),
  .init(
    "infer line --draws-output {dir}/draws.txt",
    #"credence: infer: --draws-output expects a name that ends in .json or .csv, not "{dir}/draws.txt"."#),
  .init(
    "infer line --output {dir}/r.json --draws-output {dir}/r.json",
    "credence: infer: --output and --draws-output name the same file, {dir}/r.json."),
  .init(
    "infer line --output {dir}/none/r.json --data {dir}/good.json",
    "credence: {dir}/none/r.json cannot be written: there is no directory {dir}/none."),
  .init("infer line --output {dir} --data {dir}/good.json", "credence: {dir} cannot be written: it is a directory."),
  .init(
    "infer line --output {dir}/good.json/r.json --data {dir}/good.json",
    "credence: {dir}/good.json/r.json cannot be written: {dir}/good.json is not a directory."),
  .init("bench line --batches 0", #"credence: bench: --batches expects a whole number from 1 to 100000, not "0"."#),
  .init(
    "infer --methd nuts --chains x zzz",
    "credence: infer: there is no option --methd; the nearest is --method.\ncredence: infer: expected one model, found 2: \"nuts\" \"zzz\".\ncredence: infer: --chains expects a whole number from 1 to 10000, not \"x\"."
  ),
  // Data.
  .init(
    "infer line",
    "credence: line needs data: give it with --data FILE, a JSON object with n (integer), x (real), group (integer, optional), sigma (real), label (text, optional)."
  ),
  .init("infer line --data {dir}/god.json", "credence: there is no file {dir}/god.json; the nearest there is good.json."),
  .init("infer line --data {dir}", "credence: {dir} cannot be read: it is a directory."),
  .init(
    "infer line --data {dir}/empty.json",
    "credence: {dir}/empty.json: the file is empty; data is one JSON object of names and their values."),
  .init(
    "infer line --data {dir}/list.json",
    "credence: {dir}/list.json: the file must hold one JSON object of names and their values, not an array of numbers."),
  .init(
    "infer line --data {dir}/missing.json", #"credence: {dir}/missing.json: the key "sigma" is missing; the nearest key there is "sigmas"."#
  ),
  .init("infer line --data {dir}/lonely.json", #"credence: {dir}/lonely.json: the key "n" is missing; the keys there are a."#),
  .init("infer line --data {dir}/nothing.json", #"credence: {dir}/nothing.json: the key "n" is missing; the object is empty."#),
  .init(
    "infer line --data {dir}/string.json",
    #"credence: {dir}/string.json: x[1]: expected a number, found the string "2.5" (write numbers without quotes)."#),
  .init(
    "infer line --data {dir}/word.json", #"credence: {dir}/word.json: x: expected a number or an array of them, found the string "abc"."#),
  .init(
    "infer line --data {dir}/null.json",
    "credence: {dir}/null.json: x[1]: expected a number, found null (only properties of type [Double?] or [[Double?]] may have missing values)."
  ),
  .init(
    "infer line --data {dir}/ragged.json",
    "credence: {dir}/ragged.json: x[1]: the array is ragged: this part has 3 elements where the first has 2."),
  .init(
    "infer line --data {dir}/mixed.json",
    "credence: {dir}/mixed.json: x[1]: expected an array of 2 elements as in its neighbours, found a number."),
  .init("infer line --data {dir}/fraction.json", "credence: {dir}/fraction.json: n: expected a whole number, found 3.5."),
  .init("infer line --data {dir}/group.json", "credence: {dir}/group.json: group[1]: expected a whole number, found 1.5."),
  .init("infer line --data {dir}/array.json", "credence: {dir}/array.json: sigma: expected a number, found an array of numbers."),
  .init("infer line --data {dir}/object.json", "credence: {dir}/object.json: x: expected a number or an array of them, found an object."),
  .init("infer line --data {dir}/truth.json", "credence: {dir}/truth.json: n: expected a whole number, found true."),
  .init(
    "infer line --data {dir}/nan.json",
    "credence: {dir}/nan.json, line 2, column 11: NaN is no number in JSON: values that are missing or not finite are not allowed."),
  .init(
    "infer line --data {dir}/minusinf.json",
    "credence: {dir}/minusinf.json, line 1, column 19: -Infinity is no number in JSON: values that are missing or not finite are not allowed."
  ),
  .init(
    "infer line --data {dir}/nanstring.json",
    #"credence: {dir}/nanstring.json: x[1]: expected a number, found "NaN" (values that are missing or not finite are not allowed)."#),
  .init("infer line --data {dir}/comma.json", "credence: {dir}/comma.json, line 1, column 21: a comma must not stand before ]."),
  .init(
    "infer line --data {dir}/nocomma.json",
    #"credence: {dir}/nocomma.json, line 2, column 2: expected a comma or } after the value of "n", found a string."#),
  .init("infer line --data {dir}/twice.json", #"credence: {dir}/twice.json, line 1, column 20: the key "n" stands twice in one object."#),
  .init("infer line --data {dir}/cut.json", "credence: {dir}/cut.json, line 1, column 20: the file ends inside an array, before its ]."),
  .init(
    "infer line --data {dir}/single.json", #"credence: {dir}/single.json, line 1, column 2: expected a key in double quotes, found "'"."#),
  .init("infer line --data {dir}/huge.json", "credence: {dir}/huge.json, line 1, column 16: 1e999 is too large for a double."),
  .init("infer line --data {dir}/tail.json", #"credence: {dir}/tail.json, line 1, column 10: found "{" after the end of the JSON value."#),
  .init(
    "infer line --data {dir}/zero.json",
    "credence: {dir}/zero.json, line 1, column 7: a number must not begin with a zero before other digits."),
  // Results and draws.
  .init("summarize {dir}/zzzzz.json", "credence: there is no file {dir}/zzzzz.json."),
  .init(
    "summarize {dir}/good.json",
    #"credence: {dir}/good.json holds neither a result (credence/posterior/1) nor draws (an object with "posterior")."#),
  .init("summarize {dir}/result.json", "credence: {dir}/result.json: schema: expected credence/posterior/1, found credence/posterior/2."),
  .init(
    "summarize {dir}/draws.json",
    "credence: {dir}/draws.json: posterior.a[1]: the array is ragged: this part has the shape [1], the first has [2]."),
  .init("summarize {dir}/flat.json", "credence: {dir}/flat.json: posterior.a: expected an array by chain and draw, found one dimension."),
  .init("summarize {dir}/short.csv", "credence: {dir}/short.csv: line 3: expected 2 numbers as in the line of names, found 1."),
  .init("summarize {dir}/text.csv", #"credence: {dir}/text.csv: line 2: expected a number for a, found "two"."#),
  .init(
    "summarize {dir}/one.csv {dir}/three.csv",
    "credence: {dir}/three.csv does not belong to {dir}/one.csv: it has 3 draws where the first file has 2."),
  .init(
    "summarize {dir}/one.csv {dir}/other.csv",
    "credence: {dir}/other.csv does not belong to {dir}/one.csv: its variables are not those of the first file."),
  // Models.
  .init(
    "describe stubborn",
    "credence: site \"tau\" (line 7): the scale is negative.\ncredence: site \"mu\" (line 6): expected the shape [3], found [8]."),
  .init(
    "infer {dir}/none.swift",
    "credence: a model file needs the built library beside the program, and there is none beside /nowhere/credence: run credence from the directory where swift build put it (.build/release/credence)."
  ),
]
