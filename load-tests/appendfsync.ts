/** When Redis syncs its append-only file: before it answers, as in production, or each second. */
export const APPENDFSYNC = ['always', 'everysec'] as const
export type Appendfsync = (typeof APPENDFSYNC)[number]
