"""Writes the ensemble as ONNX: TreeEnsembleRegressor (ai.onnx.ml 3) for the margin, then Sigmoid.

Not TreeEnsembleClassifier and not the newer TreeEnsemble: releases of onnxruntime have scored both wrongly (domain
reference, section 6). No base_values: the base margin is the first tree, so that every sum has the same order.
"""

import onnx
from onnx import TensorProto, helper

from trainer.ensemble import Tree

IR_VERSION = 8
OPSETS = [("", 17), ("ai.onnx.ml", 3)]


def to_onnx(trees: list[Tree], input_names: list[str], metadata: dict[str, str]) -> bytes:
    regressor = helper.make_node(
        "TreeEnsembleRegressor",
        ["features"],
        ["margin"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function="SUM",
        post_transform="NONE",
        **_attributes(trees),
    )
    graph = helper.make_graph(
        [regressor, helper.make_node("Sigmoid", ["margin"], ["pd"])],
        "credit",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, len(input_names)])],
        [
            helper.make_tensor_value_info("pd", TensorProto.FLOAT, [None, 1]),
            helper.make_tensor_value_info("margin", TensorProto.FLOAT, [None, 1]),
        ],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="assay")
    helper.set_model_props(model, {**metadata, "inputs": ",".join(input_names)})
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def _attributes(trees: list[Tree]) -> dict[str, list]:
    nodes = [(index, tree, node) for index, tree in enumerate(trees) for node in range(len(tree.feature))]
    leaves = [(index, tree, node) for index, tree, node in nodes if tree.left[node] < 0]
    return {
        "nodes_treeids": [index for index, _, _ in nodes],
        "nodes_nodeids": [node for _, _, node in nodes],
        "nodes_featureids": [tree.feature[node] for _, tree, node in nodes],
        "nodes_modes": ["LEAF" if tree.left[node] < 0 else "BRANCH_LT" for _, tree, node in nodes],
        "nodes_values": [tree.threshold[node] for _, tree, node in nodes],
        "nodes_truenodeids": [max(tree.left[node], 0) for _, tree, node in nodes],
        "nodes_falsenodeids": [max(tree.right[node], 0) for _, tree, node in nodes],
        "nodes_missing_value_tracks_true": [
            int(tree.left[node] >= 0 and tree.missing_left[node]) for _, tree, node in nodes
        ],
        "target_treeids": [index for index, _, _ in leaves],
        "target_nodeids": [node for _, _, node in leaves],
        "target_ids": [0 for _ in leaves],
        "target_weights": [tree.value[node] for _, tree, node in leaves],
    }
