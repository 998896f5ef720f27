import { type Static, Type } from 'typebox'

/** What holds back new lending whatever the application says: the portfolio is at one of its limits. */
export const RestraintSchema = Type.Object(
  {
    limitShare: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Of what the limit would be; 0: nothing is approved'
    }),
    by: Type.Array(Type.String(), { description: 'What was in force, by its id' })
  },
  { additionalProperties: false }
)
export type Restraint = Static<typeof RestraintSchema>
