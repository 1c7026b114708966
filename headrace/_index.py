"""Which namespace defines which `tf.<name>`, so that nothing is imported before it is used.

Written by `python -m headrace._index` from the `ROOT` lists of the namespaces; a test checks that it is up to date."""

from __future__ import annotations

NAMESPACES = (
    "__internal__", "audio", "autodiff", "autograph", "bitwise", "compat", "config", "data",
    "debugging", "distribute", "dtypes", "errors", "experimental", "feature_column", "graph_util", "image", "io", "linalg", "lookup",
    "math", "nest", "nn", "profiler", "quantization", "queue", "ragged", "random", "raw_ops", "saved_model",
    "sets", "signal", "sparse", "strings", "summary", "sysconfig", "test", "train", "types", "version",
    "xla",
)  # fmt: skip
# Files whose names are all `tf.<name>`: TensorFlow has no namespace for them.
PARTS = (
    "array",
    "composite",
    "control",
    "environment",
    "function",
    "higher_order",
    "initializers",
    "raw_functions",
    "script",
    "tensor_protos",
    "variables",
)

_ROOT: dict[str, str] = {
 'array': 'argsort batch_to_space boolean_mask broadcast_dynamic_shape broadcast_static_shape broadcast_to '
          'concat constant convert_to_tensor dynamic_partition dynamic_stitch edit_distance ensure_shape '
          'expand_dims fill fingerprint gather gather_nd get_static_value guarantee_const identity '
          'identity_n is_tensor meshgrid newaxis one_hot ones ones_like pad parallel_stack rank repeat '
          'required_space_to_batch_paddings reshape reverse reverse_sequence roll scatter_nd searchsorted '
          'sequence_mask shape shape_n size slice sort space_to_batch space_to_batch_nd split squeeze stack '
          'stop_gradient strided_slice tensor_scatter_nd_add tensor_scatter_nd_max tensor_scatter_nd_min '
          'tensor_scatter_nd_sub tensor_scatter_nd_update tile transpose unique unique_with_counts '
          'unravel_index unstack where zeros zeros_like',
 'autodiff': 'AggregationMethod GradientTape RegisterGradient UnconnectedGradients custom_gradient '
             'grad_pass_through gradients hessians no_gradient recompute_grad vectorized_map',
 'composite': 'RaggedTensor RaggedTensorSpec SparseTensor SparseTensorSpec',
 'control': 'CriticalSection Graph Operation TensorArray TensorArraySpec case cond control_dependencies '
            'device get_current_name_scope name_scope switch_case while_loop',
 'data': 'OptionalSpec',
 'debugging': 'Assert assert_equal assert_greater assert_less assert_rank',
 'dtypes': 'DType as_dtype bfloat16 bool cast complex complex128 complex64 double float16 float32 float64 '
           'half int16 int32 int64 int8 qint16 qint32 qint8 quint16 quint8 resource saturate_cast string '
           'uint16 uint32 uint64 uint8 variant',
 'environment': 'DeviceSpec extract_volume_patches get_logger load_library load_op_library',
 'function': 'executing_eagerly function init_scope inside_function is_symbolic_tensor '
             'register_tensor_conversion_function',
 'graph_util': 'import_graph_def',
 'higher_order': 'foldl foldr map_fn scan',
 'initializers': 'constant_initializer ones_initializer random_normal_initializer random_uniform_initializer '
                 'zeros_initializer',
 'linalg': 'eig eigvals eye matrix_square_root norm',
 'math': 'abs acos acosh add add_n argmax argmin asin asinh atan atan2 atanh bitcast clip_by_global_norm '
         'clip_by_norm clip_by_value cos cosh cumsum divide einsum equal exp floor greater greater_equal '
         'histogram_fixed_width histogram_fixed_width_bins less less_equal linspace logical_and logical_not '
         'logical_or matmul maximum minimum multiply negative not_equal pow range realdiv reduce_all '
         'reduce_any reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod reduce_sum round '
         'scalar_mul sigmoid sign sin sinh sqrt square subtract tan tanh tensordot truediv truncatediv '
         'truncatemod',
 'random': 'random_index_shuffle',
 'raw_functions': 'approx_top_k check_pinned conv conv2d_backprop_filter_v2 conv2d_backprop_input_v2 '
                  'ragged_fill_empty_rows ragged_fill_empty_rows_grad',
 'script': 'group no_op numpy_function print py_function timestamp tuple',
 'signal': 'fftnd ifftnd irfftnd rfftnd',
 'strings': 'as_string',
 'tensor_protos': 'make_ndarray make_tensor_proto',
 'types': 'IndexedSlices IndexedSlicesSpec Module NoneTensorSpec Tensor TensorShape TensorSpec TypeSpec '
          'type_spec_from_value',
 'variables': 'Variable VariableAggregation VariableSynchronization variable_creator_scope'}  # fmt: skip

ROOT = {name: namespace for namespace, names in _ROOT.items() for name in names.split()}


# `tf.compat.v1`: the file of each name that is its own, and the namespaces that `tf` does not have.
V1_PARTS = (
    "arrays", "clusters", "config", "control", "data", "distributions", "feature_column", "flags", "forms",
    "functions", "graph", "graphs", "image", "initializers", "layers", "losses", "math", "messages",
    "metrics", "mixed_precision", "monitored", "more", "nn", "optimizers", "platform", "profiler", "queues",
    "recurrent", "resources", "saved_model", "saving", "summary", "test", "train", "variables",
)  # fmt: skip
V1_NAMESPACES = (
    "app", "app.flags", "distributions", "flags", "gfile", "initializers", "layers", "layers.experimental",
    "logging", "losses", "manip", "metrics", "mixed_precision", "mixed_precision.experimental", "nn.rnn_cell",
    "profiler", "python_io", "resource_loader", "saved_model.builder", "saved_model.constants",
    "saved_model.loader", "saved_model.main_op", "saved_model.signature_constants",
    "saved_model.signature_def_utils", "saved_model.tag_constants", "saved_model.utils", "spectral", "train",
    "train.queue_runner", "user_ops",
)  # fmt: skip

_V1: dict[str, str] = {
 'arrays': 'constant disable_eager_execution enable_eager_execution placeholder placeholder_with_default '
           'sparse_placeholder',
 'clusters': 'train.Server train.queue_runner.QueueRunner train.queue_runner.add_queue_runner '
             'train.queue_runner.start_queue_runners train.replica_device_setter',
 'config': 'ConfigProto GPUOptions GraphOptions OptimizerOptions RunMetadata RunOptions',
 'control': 'Print assert_equal assert_greater assert_greater_equal assert_integer assert_less '
            'assert_less_equal assert_near assert_negative assert_non_negative assert_non_positive '
            'assert_none_equal assert_positive assert_rank assert_rank_at_least assert_rank_in assert_scalar '
            'assert_type case cond convert_to_tensor_or_indexed_slices convert_to_tensor_or_sparse_tensor '
            'debugging.assert_equal debugging.assert_greater debugging.assert_greater_equal '
            'debugging.assert_integer debugging.assert_less debugging.assert_less_equal '
            'debugging.assert_near debugging.assert_negative debugging.assert_non_negative '
            'debugging.assert_non_positive debugging.assert_none_equal debugging.assert_positive '
            'debugging.assert_rank debugging.assert_rank_at_least debugging.assert_rank_in '
            'debugging.assert_scalar debugging.assert_type while_loop',
 'data': 'data.Iterator data.experimental.DatasetStructure data.experimental.OptionalStructure '
         'data.experimental.RaggedTensorStructure data.experimental.SparseTensorStructure '
         'data.experimental.Structure data.experimental.TensorArrayStructure '
         'data.experimental.TensorStructure data.experimental.map_and_batch_with_legacy_function '
         'data.get_output_classes data.get_output_shapes data.get_output_types '
         'data.make_initializable_iterator data.make_one_shot_iterator',
 'distributions': 'distributions.Bernoulli distributions.Beta distributions.Categorical '
                  'distributions.Dirichlet distributions.DirichletMultinomial distributions.Distribution '
                  'distributions.Exponential distributions.FULLY_REPARAMETERIZED distributions.Gamma '
                  'distributions.Laplace distributions.Multinomial distributions.NOT_REPARAMETERIZED '
                  'distributions.Normal distributions.RegisterKL distributions.ReparameterizationType '
                  'distributions.StudentT distributions.Uniform distributions.kl_divergence',
 'feature_column': 'feature_column.categorical_column_with_vocabulary_file feature_column.input_layer '
                   'feature_column.linear_model feature_column.make_parse_example_spec '
                   'feature_column.shared_embedding_columns',
 'flags': 'app.flags.ArgumentParser app.flags.ArgumentSerializer app.flags.BaseListParser '
          'app.flags.BooleanFlag app.flags.BooleanParser app.flags.CantOpenFlagFileError '
          'app.flags.CsvListSerializer app.flags.DEFINE app.flags.DEFINE_alias app.flags.DEFINE_bool '
          'app.flags.DEFINE_boolean app.flags.DEFINE_enum app.flags.DEFINE_enum_class app.flags.DEFINE_flag '
          'app.flags.DEFINE_float app.flags.DEFINE_integer app.flags.DEFINE_list app.flags.DEFINE_multi '
          'app.flags.DEFINE_multi_enum app.flags.DEFINE_multi_enum_class app.flags.DEFINE_multi_float '
          'app.flags.DEFINE_multi_integer app.flags.DEFINE_multi_string app.flags.DEFINE_spaceseplist '
          'app.flags.DEFINE_string app.flags.DuplicateFlagError app.flags.EnumClassFlag '
          'app.flags.EnumClassListSerializer app.flags.EnumClassParser app.flags.EnumClassSerializer '
          'app.flags.EnumFlag app.flags.EnumParser app.flags.Error app.flags.FLAGS app.flags.Flag '
          'app.flags.FlagHolder app.flags.FlagNameConflictsWithMethodError app.flags.FlagValues '
          'app.flags.FloatParser app.flags.IllegalFlagValueError app.flags.IntegerParser '
          'app.flags.ListParser app.flags.ListSerializer app.flags.MultiEnumClassFlag app.flags.MultiFlag '
          'app.flags.UnparsedFlagAccessError app.flags.UnrecognizedFlagError app.flags.ValidationError '
          'app.flags.WhitespaceSeparatedListParser app.flags.adopt_module_key_flags '
          'app.flags.declare_key_flag app.flags.disclaim_key_flags app.flags.doc_to_help '
          'app.flags.flag_dict_to_args app.flags.get_help_width '
          'app.flags.mark_bool_flags_as_mutual_exclusive app.flags.mark_flag_as_required '
          'app.flags.mark_flags_as_mutual_exclusive app.flags.mark_flags_as_required '
          'app.flags.multi_flags_validator app.flags.override_value app.flags.register_multi_flags_validator '
          'app.flags.register_validator app.flags.set_default app.flags.text_wrap app.flags.validator '
          'app.run flags.ArgumentParser flags.ArgumentSerializer flags.BaseListParser flags.BooleanFlag '
          'flags.BooleanParser flags.CantOpenFlagFileError flags.CsvListSerializer flags.DEFINE '
          'flags.DEFINE_alias flags.DEFINE_bool flags.DEFINE_boolean flags.DEFINE_enum '
          'flags.DEFINE_enum_class flags.DEFINE_flag flags.DEFINE_float flags.DEFINE_integer '
          'flags.DEFINE_list flags.DEFINE_multi flags.DEFINE_multi_enum flags.DEFINE_multi_enum_class '
          'flags.DEFINE_multi_float flags.DEFINE_multi_integer flags.DEFINE_multi_string '
          'flags.DEFINE_spaceseplist flags.DEFINE_string flags.DuplicateFlagError flags.EnumClassFlag '
          'flags.EnumClassListSerializer flags.EnumClassParser flags.EnumClassSerializer flags.EnumFlag '
          'flags.EnumParser flags.Error flags.FLAGS flags.Flag flags.FlagHolder '
          'flags.FlagNameConflictsWithMethodError flags.FlagValues flags.FloatParser '
          'flags.IllegalFlagValueError flags.IntegerParser flags.ListParser flags.ListSerializer '
          'flags.MultiEnumClassFlag flags.MultiFlag flags.UnparsedFlagAccessError '
          'flags.UnrecognizedFlagError flags.ValidationError flags.WhitespaceSeparatedListParser '
          'flags.adopt_module_key_flags flags.declare_key_flag flags.disclaim_key_flags flags.doc_to_help '
          'flags.flag_dict_to_args flags.get_help_width flags.mark_bool_flags_as_mutual_exclusive '
          'flags.mark_flag_as_required flags.mark_flags_as_mutual_exclusive flags.mark_flags_as_required '
          'flags.multi_flags_validator flags.override_value flags.register_multi_flags_validator '
          'flags.register_validator flags.set_default flags.text_wrap flags.validator',
 'forms': 'arg_max arg_min argmax argmin autograph.to_code autograph.to_graph bincount boolean_mask '
          'confusion_matrix convert_to_tensor count_nonzero debugging.assert_all_finite decode_csv '
          'decode_raw depth_to_space expand_dims extract_image_patches floor_div gather gather_nd gradients '
          'hessians io.decode_csv io.decode_raw io.parse_example io.parse_single_example '
          'io.serialize_many_sparse io.serialize_sparse linalg.l2_normalize linalg.norm linalg.transpose '
          'manip.gather_nd math.argmax math.argmin math.bincount math.confusion_matrix math.count_nonzero '
          'math.in_top_k math.log_softmax math.reduce_all math.reduce_any math.reduce_logsumexp '
          'math.reduce_max math.reduce_mean math.reduce_min math.reduce_prod math.reduce_sum math.softmax '
          'multinomial nn.avg_pool nn.avg_pool2d nn.batch_norm_with_global_normalization nn.conv1d nn.conv2d '
          'nn.conv2d_transpose nn.conv3d nn.conv3d_transpose nn.convolution nn.crelu nn.depth_to_space '
          'nn.depthwise_conv2d nn.dilation2d nn.erosion2d nn.in_top_k nn.l2_normalize nn.log_softmax '
          'nn.max_pool nn.max_pool_with_argmax nn.moments nn.pool nn.separable_conv2d nn.softmax '
          'nn.softmax_cross_entropy_with_logits_v2 nn.space_to_depth nn.sufficient_statistics '
          'nn.weighted_cross_entropy_with_logits nn.weighted_moments norm ones_like pad parse_example '
          'parse_single_example py_func quantize_v2 random.multinomial random.poisson random_poisson '
          'reduce_all reduce_any reduce_join reduce_logsumexp reduce_max reduce_mean reduce_min reduce_prod '
          'reduce_sum reverse_sequence scalar_mul serialize_many_sparse serialize_sparse shape size '
          'space_to_depth sparse.add sparse.concat sparse.reduce_max sparse.reduce_max_sparse '
          'sparse.reduce_sum sparse.reduce_sum_sparse sparse.segment_mean sparse.segment_sqrt_n '
          'sparse.segment_sum sparse.split sparse_add sparse_concat sparse_reduce_max '
          'sparse_reduce_max_sparse sparse_reduce_sum sparse_reduce_sum_sparse sparse_segment_mean '
          'sparse_segment_sqrt_n sparse_segment_sum sparse_split squeeze string_to_hash_bucket '
          'string_to_number strings.length strings.reduce_join strings.substr strings.to_hash_bucket '
          'strings.to_number substr transpose tuple verify_tensor_all_finite zeros_like',
 'functions': 'load_file_system_library nn.conv3d_backprop_filter nn.conv3d_backprop_filter_v2 '
              'nn.quantized_avg_pool nn.quantized_conv2d nn.quantized_max_pool nn.quantized_relu_x '
              'ragged.constant_value train.sdca_fprint train.sdca_optimizer train.sdca_shrink_l1 '
              'user_ops.my_fact wrap_function',
 'graph': 'DeviceSpec GraphKeys InteractiveSession Session SparseTensorValue add_check_numerics_ops '
          'add_to_collection add_to_collections colocate_with container control_flow_v2_enabled device '
          'disable_control_flow_v2 disable_resource_variables disable_tensor_equality disable_v2_behavior '
          'disable_v2_tensorshape enable_control_flow_v2 enable_resource_variables enable_tensor_equality '
          'enable_v2_behavior enable_v2_tensorshape executing_eagerly executing_eagerly_outside_functions '
          'get_collection get_collection_ref get_default_graph get_default_session get_seed name_scope '
          'op_scope ragged.RaggedTensorValue random.get_seed random.set_random_seed reset_default_graph '
          'resource_variables_enabled set_random_seed',
 'graphs': 'MetaGraphDef TensorInfo graph_util.convert_variables_to_constants graph_util.extract_sub_graph '
           'graph_util.import_graph_def graph_util.must_run_on_cpu graph_util.remove_training_nodes '
           'graph_util.tensor_shape_from_node_def_name import_graph_def '
           'train.do_quantize_training_on_graphdef train.export_meta_graph train.import_meta_graph',
 'image': 'image.ResizeMethod image.crop_and_resize image.draw_bounding_boxes image.extract_glimpse '
          'image.extract_image_patches image.resize image.resize_area image.resize_bicubic '
          'image.resize_bilinear image.resize_image_with_pad image.resize_images '
          'image.resize_nearest_neighbor image.sample_distorted_bounding_box',
 'initializers': 'constant_initializer glorot_normal_initializer glorot_uniform_initializer '
                 'initializers.constant initializers.glorot_normal initializers.glorot_uniform '
                 'initializers.he_normal initializers.he_uniform initializers.identity '
                 'initializers.lecun_normal initializers.lecun_uniform initializers.ones '
                 'initializers.orthogonal initializers.random_normal initializers.random_uniform '
                 'initializers.truncated_normal initializers.uniform_unit_scaling '
                 'initializers.variance_scaling initializers.zeros ones_initializer orthogonal_initializer '
                 'random_normal_initializer random_uniform_initializer truncated_normal_initializer '
                 'uniform_unit_scaling_initializer variance_scaling_initializer zeros_initializer',
 'layers': 'layers.AveragePooling1D layers.AveragePooling2D layers.AveragePooling3D '
           'layers.BatchNormalization layers.Conv1D layers.Conv2D layers.Conv2DTranspose layers.Conv3D '
           'layers.Conv3DTranspose layers.Dense layers.Dropout layers.Flatten layers.InputSpec layers.Layer '
           'layers.MaxPooling1D layers.MaxPooling2D layers.MaxPooling3D layers.SeparableConv1D '
           'layers.SeparableConv2D layers.average_pooling1d layers.average_pooling2d '
           'layers.average_pooling3d layers.batch_normalization layers.conv1d layers.conv2d '
           'layers.conv2d_transpose layers.conv3d layers.conv3d_transpose layers.dense layers.dropout '
           'layers.experimental.keras_style_scope layers.experimental.set_keras_style layers.flatten '
           'layers.max_pooling1d layers.max_pooling2d layers.max_pooling3d layers.separable_conv1d '
           'layers.separable_conv2d',
 'losses': 'losses.Reduction losses.absolute_difference losses.add_loss losses.compute_weighted_loss '
           'losses.cosine_distance losses.get_losses losses.get_regularization_loss '
           'losses.get_regularization_losses losses.get_total_loss losses.hinge_loss losses.huber_loss '
           'losses.log_loss losses.mean_pairwise_squared_error losses.mean_squared_error '
           'losses.sigmoid_cross_entropy losses.softmax_cross_entropy losses.sparse_softmax_cross_entropy',
 'math': 'Dimension batch_gather batch_to_space batch_to_space_nd clip_by_average_norm dimension_at_index '
         'dimension_value div manip.batch_to_space_nd nn.batch_to_space nn.space_to_batch setdiff1d '
         'space_to_batch sparse_matmul sparse_to_dense string_split strings.split to_bfloat16 to_complex128 '
         'to_complex64 to_double to_float to_int32 to_int64 where',
 'messages': 'AttrValue Event GraphDef HistogramProto LogMessage NameAttrList NodeDef SessionLog Summary '
             'SummaryMetadata train.summary_iterator',
 'metrics': 'metrics.accuracy metrics.auc metrics.average_precision_at_k metrics.false_negatives '
            'metrics.false_negatives_at_thresholds metrics.false_positives '
            'metrics.false_positives_at_thresholds metrics.mean metrics.mean_absolute_error '
            'metrics.mean_cosine_distance metrics.mean_iou metrics.mean_per_class_accuracy '
            'metrics.mean_relative_error metrics.mean_squared_error metrics.mean_tensor '
            'metrics.percentage_below metrics.precision metrics.precision_at_k '
            'metrics.precision_at_thresholds metrics.precision_at_top_k metrics.recall metrics.recall_at_k '
            'metrics.recall_at_thresholds metrics.recall_at_top_k metrics.root_mean_squared_error '
            'metrics.sensitivity_at_specificity metrics.sparse_average_precision_at_k '
            'metrics.sparse_precision_at_k metrics.specificity_at_sensitivity metrics.true_negatives '
            'metrics.true_negatives_at_thresholds metrics.true_positives '
            'metrics.true_positives_at_thresholds',
 'mixed_precision': 'mixed_precision.DynamicLossScale mixed_precision.FixedLossScale '
                    'mixed_precision.LossScale mixed_precision.MixedPrecisionLossScaleOptimizer '
                    'mixed_precision.disable_mixed_precision_graph_rewrite '
                    'mixed_precision.enable_mixed_precision_graph_rewrite '
                    'mixed_precision.experimental.DynamicLossScale '
                    'mixed_precision.experimental.FixedLossScale mixed_precision.experimental.LossScale '
                    'train.experimental.DynamicLossScale train.experimental.FixedLossScale '
                    'train.experimental.LossScale train.experimental.MixedPrecisionLossScaleOptimizer '
                    'train.experimental.disable_mixed_precision_graph_rewrite '
                    'train.experimental.enable_mixed_precision_graph_rewrite',
 'monitored': 'train.CheckpointSaverHook train.CheckpointSaverListener train.ChiefSessionCreator '
              'train.FeedFnHook train.FinalOpsHook train.GlobalStepWaiterHook train.LoggingTensorHook '
              'train.MonitoredSession train.MonitoredTrainingSession train.NanLossDuringTrainingError '
              'train.NanTensorHook train.ProfilerHook train.Scaffold train.SecondOrStepTimer '
              'train.SessionCreator train.SessionManager train.SessionRunArgs train.SessionRunContext '
              'train.SessionRunHook train.SessionRunValues train.SingularMonitoredSession '
              'train.StepCounterHook train.StopAtStepHook train.SummarySaverHook train.Supervisor '
              'train.WorkerSessionCreator train.basic_train_loop',
 'more': 'COMPILER_VERSION GIT_VERSION GRAPH_DEF_VERSION GRAPH_DEF_VERSION_MIN_CONSUMER '
         'GRAPH_DEF_VERSION_MIN_PRODUCER QUANTIZED_DTYPES VERSION distribute.get_loss_reduction '
         'errors.raise_exception_on_not_ok_status experimental.output_all_intermediates get_logger '
         'io.TFRecordCompressionType io.tf_record_iterator no_regularizer python_io.TFRecordCompressionType '
         'python_io.tf_record_iterator ragged.placeholder random.stateless_multinomial sparse.merge '
         'sparse.placeholder sparse_merge',
 'nn': 'nn.conv2d_backprop_filter nn.conv2d_backprop_input nn.ctc_beam_search_decoder nn.ctc_loss '
       'nn.depthwise_conv2d_native nn.dropout nn.embedding_lookup nn.embedding_lookup_sparse '
       'nn.fractional_avg_pool nn.fractional_max_pool nn.fused_batch_norm nn.nce_loss nn.relu_layer '
       'nn.safe_embedding_lookup_sparse nn.sampled_softmax_loss nn.sigmoid_cross_entropy_with_logits '
       'nn.softmax_cross_entropy_with_logits nn.sparse_softmax_cross_entropy_with_logits nn.xw_plus_b',
 'optimizers': 'train.AdadeltaOptimizer train.AdagradDAOptimizer train.AdagradOptimizer train.AdamOptimizer '
               'train.FtrlOptimizer train.GradientDescentOptimizer train.MomentumOptimizer train.Optimizer '
               'train.ProximalAdagradOptimizer train.ProximalGradientDescentOptimizer train.RMSPropOptimizer',
 'platform': 'gfile.Copy gfile.DeleteRecursively gfile.Exists gfile.FastGFile gfile.Glob gfile.IsDirectory '
             'gfile.ListDirectory gfile.MakeDirs gfile.MkDir gfile.Remove gfile.Rename gfile.Stat gfile.Walk '
             'logging.DEBUG logging.ERROR logging.FATAL logging.INFO logging.TaskLevelStatusMessage '
             'logging.WARN logging.debug logging.error logging.fatal logging.flush logging.get_verbosity '
             'logging.info logging.log logging.log_every_n logging.log_first_n logging.log_if '
             'logging.set_verbosity logging.vlog logging.warn logging.warning',
 'profiler': 'profiler.AdviceProto profiler.GraphNodeProto profiler.MultiGraphNodeProto profiler.OpLogProto '
             'profiler.ProfileOptionBuilder profiler.Profiler profiler.advise profiler.profile '
             'profiler.write_op_log',
 'queues': 'ConditionalAccumulator ConditionalAccumulatorBase FixedLengthRecordReader IdentityReader '
           'LMDBReader ReaderBase SparseConditionalAccumulator TFRecordReader TextLineReader WholeFileReader '
           'delete_session_tensor get_session_handle get_session_tensor io.PaddingFIFOQueue io.PriorityQueue '
           'io.QueueBase io.RandomShuffleQueue io.match_filenames_once train.Coordinator train.LooperThread '
           'train.QueueRunner train.SyncReplicasOptimizer train.add_queue_runner train.batch '
           'train.batch_join train.input_producer train.limit_epochs train.match_filenames_once '
           'train.maybe_batch train.maybe_batch_join train.maybe_shuffle_batch '
           'train.maybe_shuffle_batch_join train.range_input_producer train.shuffle_batch '
           'train.shuffle_batch_join train.slice_input_producer train.start_queue_runners '
           'train.string_input_producer',
 'recurrent': 'nn.bidirectional_dynamic_rnn nn.dynamic_rnn nn.raw_rnn nn.rnn_cell.BasicLSTMCell '
              'nn.rnn_cell.BasicRNNCell nn.rnn_cell.DeviceWrapper nn.rnn_cell.DropoutWrapper '
              'nn.rnn_cell.GRUCell nn.rnn_cell.LSTMCell nn.rnn_cell.LSTMStateTuple nn.rnn_cell.MultiRNNCell '
              'nn.rnn_cell.RNNCell nn.rnn_cell.ResidualWrapper nn.static_bidirectional_rnn nn.static_rnn '
              'nn.static_state_saving_rnn',
 'resources': 'resource_loader.get_data_files_path resource_loader.get_path_to_datafile '
              'resource_loader.get_root_dir_with_all_resources resource_loader.load_resource '
              'resource_loader.readahead_file_path',
 'saved_model': 'saved_model.Builder saved_model.LEGACY_INIT_OP_KEY saved_model.MAIN_OP_KEY '
                'saved_model.build_signature_def saved_model.build_tensor_info '
                'saved_model.builder.SavedModelBuilder saved_model.classification_signature_def '
                'saved_model.constants.ASSETS_DIRECTORY saved_model.constants.ASSETS_KEY '
                'saved_model.constants.DEBUG_DIRECTORY saved_model.constants.DEBUG_INFO_FILENAME_PB '
                'saved_model.constants.LEGACY_INIT_OP_KEY saved_model.constants.MAIN_OP_KEY '
                'saved_model.constants.SAVED_MODEL_FILENAME_PB '
                'saved_model.constants.SAVED_MODEL_FILENAME_PBTXT '
                'saved_model.constants.SAVED_MODEL_SCHEMA_VERSION saved_model.constants.VARIABLES_DIRECTORY '
                'saved_model.constants.VARIABLES_FILENAME saved_model.contains_saved_model '
                'saved_model.get_tensor_from_tensor_info saved_model.is_valid_signature saved_model.load '
                'saved_model.loader.load saved_model.loader.maybe_saved_model_directory '
                'saved_model.main_op.main_op saved_model.main_op.main_op_with_restore '
                'saved_model.main_op_with_restore saved_model.maybe_saved_model_directory '
                'saved_model.predict_signature_def saved_model.regression_signature_def '
                'saved_model.signature_constants.CLASSIFY_INPUTS '
                'saved_model.signature_constants.CLASSIFY_METHOD_NAME '
                'saved_model.signature_constants.CLASSIFY_OUTPUT_CLASSES '
                'saved_model.signature_constants.CLASSIFY_OUTPUT_SCORES '
                'saved_model.signature_constants.DEFAULT_SERVING_SIGNATURE_DEF_KEY '
                'saved_model.signature_constants.PREDICT_INPUTS '
                'saved_model.signature_constants.PREDICT_METHOD_NAME '
                'saved_model.signature_constants.PREDICT_OUTPUTS '
                'saved_model.signature_constants.REGRESS_INPUTS '
                'saved_model.signature_constants.REGRESS_METHOD_NAME '
                'saved_model.signature_constants.REGRESS_OUTPUTS '
                'saved_model.signature_def_utils.MethodNameUpdater '
                'saved_model.signature_def_utils.build_signature_def '
                'saved_model.signature_def_utils.classification_signature_def '
                'saved_model.signature_def_utils.is_valid_signature '
                'saved_model.signature_def_utils.predict_signature_def '
                'saved_model.signature_def_utils.regression_signature_def saved_model.simple_save '
                'saved_model.tag_constants.GPU saved_model.tag_constants.SERVING '
                'saved_model.tag_constants.TPU saved_model.tag_constants.TRAINING '
                'saved_model.utils.build_tensor_info saved_model.utils.get_tensor_from_tensor_info',
 'saving': 'train.Checkpoint train.NewCheckpointReader train.Saver train.SaverDef train.VocabInfo '
           'train.checkpoint_exists train.generate_checkpoint_state_proto train.get_checkpoint_mtimes '
           'train.init_from_checkpoint train.remove_checkpoint train.update_checkpoint_state '
           'train.warm_start',
 'summary': 'summary.Event summary.FileWriter summary.FileWriterCache summary.SessionLog summary.Summary '
            'summary.SummaryDescription summary.TaggedRunMetadata summary.all_v2_summary_ops summary.audio '
            'summary.get_summary_description summary.histogram summary.image summary.initialize '
            'summary.merge summary.merge_all summary.scalar summary.tensor_summary summary.text',
 'test': 'test.StubOutForTesting test.assert_equal_graph_def test.compute_gradient '
         'test.compute_gradient_error test.get_temp_dir test.mock test.test_src_dir_path',
 'train': 'train.ExponentialMovingAverage train.assert_global_step train.cosine_decay '
          'train.cosine_decay_restarts train.create_global_step train.exponential_decay '
          'train.get_global_step train.get_or_create_global_step train.global_step train.inverse_time_decay '
          'train.linear_cosine_decay train.natural_exp_decay train.noisy_linear_cosine_decay '
          'train.piecewise_constant train.piecewise_constant_decay train.polynomial_decay',
 'variables': 'AUTO_REUSE Variable VariableAggregation VariableScope all_variables '
              'assert_variables_initialized assign assign_add assign_sub batch_scatter_update count_up_to '
              'create_partitioned_variables fixed_size_partitioner get_local_variable get_variable '
              'get_variable_scope global_variables global_variables_initializer initialize_all_tables '
              'initialize_all_variables initialize_local_variables initialize_variables '
              'initializers.global_variables initializers.local_variables initializers.tables_initializer '
              'initializers.variables is_variable_initialized local_variables local_variables_initializer '
              'make_template min_max_variable_partitioner model_variables moving_average_variables '
              'report_uninitialized_variables scatter_add scatter_div scatter_max scatter_min scatter_mul '
              'scatter_nd_add scatter_nd_sub scatter_nd_update scatter_sub scatter_update tables_initializer '
              'trainable_variables variable_axis_size_partitioner variable_creator_scope variable_op_scope '
              'variable_scope variables_initializer'}  # fmt: skip

V1 = {name: part for part, names in _V1.items() for name in names.split()}


def current_v1() -> dict[str, str]:
    """What `_V1` should be: a file's names are in its `ROOT`, and by namespace in its `NAMES`."""
    import importlib

    out = {}
    for part in V1_PARTS:
        module = importlib.import_module(f"headrace.api.compat_v1_{part}")
        names = [
            *getattr(module, "ROOT", ()),
            *[f"{space}.{n}" for space, own in getattr(module, "NAMES", {}).items() for n in own],
        ]
        out[part] = " ".join(sorted(names))
    return out


def current() -> dict[str, str]:
    """What `_ROOT` should be: imports every namespace and reads its `ROOT`.

    A name is the first namespace's that lists it."""
    import importlib

    seen: set[str] = set()
    out = {}
    for namespace in (*PARTS, *NAMESPACES):
        names = [
            n
            for n in getattr(importlib.import_module(f"headrace.api.{namespace}"), "ROOT", ())
            if n not in seen and n not in NAMESPACES
        ]
        seen.update(names)
        if names:
            out[namespace] = " ".join(sorted(names))
    return out


def write() -> None:
    """Brings this file up to date."""
    import pprint
    import re
    from pathlib import Path

    path = Path(__file__)
    table = pprint.pformat(current(), width=110).removeprefix("{")
    text = f"_ROOT: dict[str, str] = {{\n {table}  # fmt: skip\n\nROOT = {{name"
    pattern = re.compile(r"_ROOT: dict\[str, str\] = .*?\n\nROOT = \{name", re.DOTALL)
    new = pattern.sub(lambda _: text, path.read_text(), count=1)
    v1 = pprint.pformat(current_v1(), width=110).removeprefix("{")
    pattern = re.compile(r"_V1: dict\[str, str\] = .*?\n\nV1 = \{name", re.DOTALL)
    path.write_text(
        pattern.sub(lambda _: f"_V1: dict[str, str] = {{\n {v1}  # fmt: skip\n\nV1 = {{name", new, count=1)
    )


if __name__ == "__main__":
    write()
