import type { Tree } from '../../../src/inference/protocol.ts'

/**
 * Trees as an ONNX network of the same form as models/training/trainer/onnx_export.py writes: TreeEnsembleRegressor, then
 * Sigmoid. By hand, so that a benchmark can make a model of any size without Python; the field numbers are those of
 * onnx.proto (IR version 8).
 */
export function toOnnx(trees: readonly Tree[], inputCount: number): Uint8Array {
  const nodes = trees.flatMap((tree, treeId) => tree.left.map((_, node) => ({ tree, treeId, node })))
  const isLeaf = ({ tree, node }: (typeof nodes)[number]) => (tree.left[node] as number) < 0
  const leaves = nodes.filter(isLeaf)
  const attributes = [
    ints('nodes_treeids', nodes, ({ treeId }) => treeId),
    ints('nodes_nodeids', nodes, ({ node }) => node),
    ints('nodes_featureids', nodes, ({ tree, node }) => tree.feature[node] as number),
    strings('nodes_modes', nodes, (each) => (isLeaf(each) ? 'LEAF' : 'BRANCH_LT')),
    floats('nodes_values', nodes, ({ tree, node }) => tree.threshold[node] as number),
    ints('nodes_truenodeids', nodes, ({ tree, node }) => Math.max(tree.left[node] as number, 0)),
    ints('nodes_falsenodeids', nodes, ({ tree, node }) => Math.max(tree.right[node] as number, 0)),
    ints('nodes_missing_value_tracks_true', nodes, (each) =>
      Number(!isLeaf(each) && (each.tree.missingLeft[each.node] as boolean))
    ),
    ints('target_treeids', leaves, ({ treeId }) => treeId),
    ints('target_nodeids', leaves, ({ node }) => node),
    ints('target_ids', leaves, () => 0),
    floats('target_weights', leaves, ({ tree, node }) => tree.value[node] as number),
    message([text(1, 'n_targets'), whole(3, 1), whole(20, INT)]),
    message([text(1, 'aggregate_function'), text(4, 'SUM'), whole(20, STRING)]),
    message([text(1, 'post_transform'), text(4, 'NONE'), whole(20, STRING)])
  ].map((attribute) => field(5, attribute))
  const regressor = [text(1, 'features'), text(2, 'margin'), text(4, 'TreeEnsembleRegressor'), text(7, 'ai.onnx.ml')]
  const graph = message([
    field(1, message([...regressor, ...attributes])),
    field(1, message([text(1, 'margin'), text(2, 'pd'), text(4, 'Sigmoid')])),
    text(2, 'made-up'),
    field(11, matrix('features', inputCount)),
    field(12, matrix('pd', 1)),
    field(12, matrix('margin', 1))
  ])
  const opset = (domain: string, version: number) => field(8, message([text(1, domain), whole(2, version)]))
  return message([whole(1, 8), text(2, 'assay'), field(7, graph), opset('', 17), opset('ai.onnx.ml', 3)])
}

/** AttributeProto.AttributeType */
const [INT, STRING, FLOATS, INTS, STRINGS] = [2, 3, 6, 7, 8]
const FLOAT_ELEMENTS = 1

type Of<Item, Value> = (item: Item) => Value

function ints<Item>(name: string, items: readonly Item[], of: Of<Item, number>): Uint8Array {
  return message([text(1, name), field(8, message(items.map((item) => varint(of(item))))), whole(20, INTS)])
}

function floats<Item>(name: string, items: readonly Item[], of: Of<Item, number>): Uint8Array {
  const bytes = Buffer.alloc(items.length * 4)
  items.forEach((item, index) => {
    bytes.writeFloatLE(of(item), index * 4)
  })
  return message([text(1, name), field(7, bytes), whole(20, FLOATS)])
}

function strings<Item>(name: string, items: readonly Item[], of: Of<Item, string>): Uint8Array {
  return message([text(1, name), ...items.map((item) => text(9, of(item))), whole(20, STRINGS)])
}

/** A tensor of floats: any number of rows, this many columns. */
function matrix(name: string, columns: number): Uint8Array {
  const shape = message([field(1, message([text(2, 'rows')])), field(1, message([whole(1, columns)]))])
  return message([text(1, name), field(2, message([field(1, message([whole(1, FLOAT_ELEMENTS), field(2, shape)]))]))])
}

function message(parts: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(parts)
}

/** A field of bytes, of text or of another message: its number, its length, its content. */
function field(number: number, bytes: Uint8Array): Uint8Array {
  return message([varint((number << 3) | 2), varint(bytes.length), bytes])
}

function text(number: number, value: string): Uint8Array {
  return field(number, Buffer.from(value))
}

function whole(number: number, value: number): Uint8Array {
  return message([varint(number << 3), varint(value)])
}

function varint(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  while (rest > 127) {
    bytes.push((rest & 127) | 128)
    rest >>>= 7
  }
  return Uint8Array.of(...bytes, rest)
}
