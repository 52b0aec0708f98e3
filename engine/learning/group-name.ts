/**
 * Whether a column's name says that its rows belong together by it: `batch`, `unit`, `serial`, `machine_id`, `BatchNo`, `批次`.
 * Only the last word counts: `batch_yield` is a measurement.
 */
export const isGroupName = (name: string): boolean => latin.test(name) || chinese.test(name);

const latin =
  /(?:^|[\s_.-])(?:batch|lot|unit|serial|machine|device|patient|subject|specimen|wafer|engine)(?:[\s_.-]?(?:id|no|nr|num|number|code|name))?$/i;
const chinese = /(?:批次|批号|序列号|机台|设备|单元|患者)(?:号|编号)?$/;
