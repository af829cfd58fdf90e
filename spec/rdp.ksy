# The structure of rdp.md, sections 2 to 7, for Kaitai Struct; where the two differ, rdp.md is right.
# It is for exploring files: it reads what can be read, also of a file that is cut in its picture
# data, and checks neither CRC-32, padding and limits nor what bodies hold. Tested with Python; where
# integers have 32 bits, large seeds and the largest stages come out wrong.
meta:
  id: rdp
  title: rdpcodec picture, version 1
  file-extension: rdp
  license: Apache-2.0
  ks-version: '0.11'
  endian: le
  bit-endian: be
doc: A picture as a noisy state, coded layer by layer from coarse to fine.
doc-ref: rdp.md
seq:
  - id: signature
    contents: [0x89, 0x52, 0x44, 0x50, 0x0d, 0x0a]
    doc-ref: rdp.md 3.1
  - id: header_chunk
    type: header_chunk
  - id: chunks
    type: chunk
    doc: Ends with `D`.
    doc-ref: rdp.md 3.3
    repeat: until
    repeat-until: _.type == 0x44
  - id: trailing_data
    size-eos: true
    valid:
      expr: _.length == 0
    doc-ref: rdp.md 3.3
instances:
  header:
    value: header_chunk.body
types:

  # 2: integers

  varint:
    doc: An unsigned LEB128 integer, least significant group first.
    doc-ref: rdp.md 2
    seq:
      - id: groups
        type: 'group(_index, _index == 0 ? 0 : groups[_index - 1].value)'
        repeat: until
        repeat-until: not _.more
    instances:
      value:
        value: groups.last.value
    types:
      group:
        params:
          - id: index
            type: u1
          - id: before
            type: u8
        seq:
          - id: more
            type: b1
          - id: bits
            type: b7
            valid:
              expr: 'index < 9 ? (more or index == 0 or _ > 0) : (not more and _ == 1)'
        instances:
          value:
            value: 'before | (bits << 7 * index)'

  exp_golomb:
    doc: eg(order).
    doc-ref: rdp.md 2
    params:
      - id: order
        type: u1
    seq:
      - id: zeros
        type: bit(0)
        doc: Those before the first 1, and this 1.
        repeat: until
        repeat-until: _.bit
        valid:
          expr: zeros.size <= 33
      - id: bits
        type: 'bit(_index == 0 ? 1 : bits[_index - 1].value)'
        repeat: expr
        repeat-expr: zeros.size - 1 + order
    instances:
      value:
        value: '(bits.size == 0 ? 1 : bits.last.value) - (1 << order)'
      signed:
        doc: seg(order).
        value: 'value % 2 == 0 ? value / 2 : -(value + 1) / 2'

  bit:
    doc: >-
      A bit, and the number that it and the bits before it make. A type of its own, since many
      target languages go on to the next byte where a type of bits is followed by another type.
    params:
      - id: before
        type: u8
    seq:
      - id: bit
        type: b1
    instances:
      value:
        value: before * 2 + bit.to_i

  # 4: header

  header_chunk:
    doc-ref: rdp.md 3.2
    seq:
      - id: type
        contents: H
      - id: length
        type: varint
      - id: body
        type: header
        size: length.value
      - id: crc
        type: u4

  header:
    doc-ref: rdp.md 4.1
    seq:
      - id: major
        type: b4
        valid: 1
      - id: minor
        type: b4
      - id: kind
        type: b2
        enum: kind
        valid:
          in-enum: true
      - id: depth
        type: b1
        doc: 0 for samples of 8 bits, 1 for 16.
      - id: states_state
        type: b1
      - id: states_seed
        type: b1
      - id: coder
        type: b3
        enum: coder
        valid:
          in-enum: true
      - id: width
        type: varint
      - id: height
        type: varint
      - id: state
        type: state
        if: states_state
      - id: prior
        type: prior
      - id: stated_seed
        type: varint
        if: states_seed
      - id: stated_parameter
        type: u1
        if: states_seed
        valid:
          min: 4
          max: 16
      - id: layers_less_one
        type: u1
      - id: layers
        type: layer(_index)
        doc-ref: rdp.md 5.3
        repeat: expr
        repeat-expr: layers_less_one + 1
        valid:
          expr: _.t >= 0 and _.q >= 0 and _.q <= 255 and (_.index == 0 or _.step > 0)
      - id: after_table
        size-eos: true
        valid:
          expr: _.length == 0
    instances:
      seed:
        value: 'states_seed ? stated_seed.value : 0'
      parameter:
        value: 'states_seed ? stated_parameter : coder == coder::trellis ? 14 : 12'
      channels:
        value: 'states_state ? state.channels : kind == kind::rgb ? 3 : 1'
      stride:
        value: 'states_state ? state.stride : 1'
      multiple:
        value: 'states_state ? state.multiple : 1'
      rows:
        doc-ref: rdp.md 4.2
        value: (height.value + multiple - 1) / multiple * multiple / stride
      columns:
        doc-ref: rdp.md 4.2
        value: (width.value + multiple - 1) / multiple * multiple / stride
      coordinates:
        doc: D, the number of coordinates of the state.
        value: channels * rows * columns
      picture_bytes:
        doc: The length of the body of chunk `D`.
        doc-ref: rdp.md 6
        value: (layers.last.end_bits + 7) / 8
    enums:
      kind:
        0: grey
        1: rgb
        2: equal_rgb
      coder:
        0: pfr
        1: trellis

  state:
    doc-ref: rdp.md 4.2
    seq:
      - id: channels
        type: u1
        valid:
          min: 1
      - id: stride
        type: u1
        valid:
          min: 1
      - id: multiple
        type: u1
        valid:
          min: 1

  prior:
    doc-ref: rdp.md 4.3
    seq:
      - id: number
        type: u1
      - id: name_bytes
        type: u1
        if: number == 0
      - id: name
        type: str
        size: name_bytes
        encoding: ASCII
        if: number == 0
      - id: digest
        size: 'number == 0 ? 8 : 4'

  layer:
    doc: A layer of the table, which is a bit string.
    doc-ref: rdp.md 5
    params:
      - id: index
        type: s4
    seq:
      - id: first
        type: first_level
        if: index == 0
      - id: is_other_step
        type: bit(0)
        if: index > 0
      - id: step_code
        type: exp_golomb(4)
        if: index > 0 and is_other_step.bit
      - id: q_code
        type: exp_golomb(0)
        if: index > 0
      - id: bytes_code
        type: exp_golomb(8)
        if: _parent.as<header>.coder == header::coder::pfr
    instances:
      before:
        value: _parent.as<header>.layers[index - 1]
        if: index > 0
      predicted_step:
        value: 'index < 9 ? [200, 110, 74, 57, 46, 38, 34, 32][index - 1] : before.step.as<s4>'
        if: index > 0
      step:
        value: >-
          not is_other_step.bit ? predicted_step
          : predicted_step + step_code.signed + (step_code.signed >= 0 ? 1 : 0)
        if: index > 0
      t:
        doc-ref: rdp.md 5.1
        value: 'index == 0 ? first.t : before.t.as<s4> - step'
      q:
        doc-ref: rdp.md 5.2
        value: 'index == 0 ? first.q : before.q.as<s4> - 1 + q_code.signed'
      scaled:
        value: '[65536, 71467, 77935, 84989, 92681, 101070, 110217, 120193][q % 8]'
      stage_size:
        doc-ref: rdp.md 5.2
        value: 'q < 128 ? scaled >> (16 - q / 8) : scaled << (q / 8 - 16)'
      stages:
        value: (_parent.as<header>.coordinates + stage_size - 1) / stage_size
      bits:
        value: >-
          _parent.as<header>.coder == header::coder::pfr ? 8 * bytes_code.value : 2 * stages
      end_bits:
        doc: Where the layer ends in the body of `D`.
        value: '(index == 0 ? 0 : before.end_bits.as<u8>) + bits'

  first_level:
    seq:
      - id: t
        type: b12
      - id: q
        type: b8

  # 3, 6, 7: other chunks

  chunk:
    doc-ref: rdp.md 3.2
    seq:
      - id: type
        type: u1
        doc: '`T`, `D`, or a letter in lower case, known or not.'
        valid:
          expr: _ == 0x54 or _ == 0x44 or (_ >= 0x61 and _ <= 0x7a)
      - id: length
        type: varint
        if: type != 0x44
      - id: body
        size: body_bytes
        type:
          switch-on: type
          cases:
            0x54: prompt
            0x65: deflated  # e, EXIF
            0x69: deflated  # i, ICC profile
            0x6f: alpha
            0x70: private
            0x72: rho_hint
            0x78: deflated  # x, XMP
      - id: crc
        type: u4
        if: _io.size - _io.pos >= 4
    instances:
      picture_bytes:
        doc: What is there of the picture data, as a file may be cut.
        value: >-
          _io.size - _io.pos < _root.header.picture_bytes ? _io.size - _io.pos
          : _root.header.picture_bytes
      body_bytes:
        value: 'type == 0x44 ? picture_bytes : length.value'

  prompt:
    doc-ref: rdp.md 7.2
    seq:
      - id: form
        type: u1
        enum: form
      - id: text
        type: str
        encoding: UTF-8
        size-eos: true
        if: form == form::plain
      - id: raw_deflate
        size-eos: true
        if: form == form::deflated
    enums:
      form:
        0: plain
        1: deflated

  deflated:
    doc-ref: rdp.md 7.1
    seq:
      - id: content
        size-eos: true
        process: zlib

  alpha:
    doc-ref: rdp.md 7.3
    seq:
      - id: form
        type: u1
        enum: form
      - id: everywhere
        type: u1
        if: form == form::constant
      - id: data
        size-eos: true
        if: form != form::constant
    enums:
      form:
        0: constant
        1: raw_deflate
        2: webp_alph
        3: raw_deflate_16_bits

  private:
    doc-ref: rdp.md 7.1
    seq:
      - id: name_bytes
        type: u1
      - id: name
        type: str
        encoding: ASCII
        size: name_bytes
      - id: data
        size-eos: true

  rho_hint:
    doc-ref: rdp.md 7.1
    seq:
      - id: value
        type: u1
    instances:
      rho:
        value: value / 255.0
